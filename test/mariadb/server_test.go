package mariadb

import (
	"database/sql"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/servers"
	"coatcheck.dev/test/internal/trial"
)

const insertDeleted = `INSERT INTO coatcheck_changes (kind, id, owner) VALUES (3, ?, '')`

func TestBesideOthers(t *testing.T) {
	t.Parallel()
	server := mariadb.Start(t)
	d := sqlstore.MySQL
	t.Run("eight prepare at once", func(t *testing.T) { servers.PreparedAtOnce(t, server, d) })
	t.Run("tables of a newer version are refused", func(t *testing.T) { servers.NewerIsRefused(t, server, d) })
	t.Run("a closed store is closed", func(t *testing.T) { servers.ClosedIsClosed(t, server, d) })
	t.Run("the feed tells of others", func(t *testing.T) { servers.FeedOfOthers(t, server, d) })
	t.Run("the feed tells of late commits", func(t *testing.T) {
		// longer than a number is waited for that nobody holds
		servers.LateCommits(t, server, d, insertDeleted, 0, 12*time.Second)
	})
	t.Run("old changes are removed", func(t *testing.T) { servers.Trimmed(t, server, d, insertDeleted) })
	t.Run("cancelled calls leave nothing behind", func(t *testing.T) {
		servers.Cancelled(t, server, d, trial.Times(10_000, 100_000))
	})
	t.Run("one user among many", func(t *testing.T) { servers.OneUserAmongMany(t, server, d, looked) })
	t.Run("a sweep beside requests", func(t *testing.T) { servers.SweptBeside(t, server, d) })
	t.Run("the feed is lost with the server", func(t *testing.T) { servers.LostAndFound(t, server, d) })
}

// A server may show what is not committed to whoever does not ask for more. The feed does not tell it all the same.
func TestFeedTellsOnlyOfCommits(t *testing.T) {
	t.Parallel()
	server := mariadb.Start(t, "transaction-isolation=READ-UNCOMMITTED")
	servers.FeedOfOthers(t, server, sqlstore.MySQL)
	servers.LateCommits(t, server, sqlstore.MySQL, insertDeleted, 0, time.Second)
}

// looked returns how many rows the server has looked at, in all tables but those that it makes up.
func looked(t *testing.T, db *sql.DB) (rows int) {
	t.Helper()
	must(t, db.QueryRow(`
SELECT sum(variable_value) FROM information_schema.session_status
WHERE variable_name IN ('handler_read_key', 'handler_read_next', 'handler_read_prev', 'handler_read_rnd', 'handler_read_rnd_next')`).Scan(&rows))
	return rows
}

// The rights are those in the documentation.
func TestFewRights(t *testing.T) {
	t.Parallel()
	server := mariadb.Start(t)
	database := server.Create(t)
	b := newBox(t, server.Open(t, database))
	must(t, b.Prepare(t.Context()))
	for _, text := range []string{`CREATE USER app`,
		`GRANT SELECT, INSERT, UPDATE, DELETE ON ` + database + `.* TO app`} {
		_, err := b.DB.Exec(text)
		must(t, err)
	}
	db, err := sql.Open("mysql", strings.Replace(server.DSN(database), "root@", "app@", 1))
	must(t, err)
	defer db.Close()
	servers.FewRights(t, db, sqlstore.MySQL)
}

// What is missing is found out at the start, and named.
func TestMissingRights(t *testing.T) {
	t.Parallel()
	server := mariadb.Start(t)
	database := server.Create(t)
	b := newBox(t, server.Open(t, database))
	must(t, b.Prepare(t.Context()))
	for _, text := range []string{`CREATE USER app`, `GRANT SELECT ON coatcheck_schema TO app`,
		`GRANT ALL ON coatcheck_sessions TO app`, `GRANT ALL ON coatcheck_switches TO app`,
		`GRANT ALL ON coatcheck_changes TO app`} {
		_, err := b.DB.Exec(text)
		must(t, err)
	}
	db, err := sql.Open("mysql", strings.Replace(server.DSN(database), "root@", "app@", 1))
	must(t, err)
	defer db.Close()
	servers.MissingRights(t, b, db, sqlstore.MySQL)
}

// The documentation says how many round trips a call takes.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	server := mariadb.Start(t)
	b := newBox(t, server.Open(t, server.Create(t), "interpolateParams=true"))
	b.DB.SetMaxOpenConns(1)
	r := b.MustCreate(t) // and the first trimming
	questions := func() (n int) {
		const asked = `SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'questions'`
		must(t, b.DB.QueryRow(asked).Scan(&n))
		return n
	}
	for deadline, last := time.Now().Add(5*time.Second), 0; questions()-last > 1 &&
		time.Now().Before(deadline); last = questions() {
		time.Sleep(100 * time.Millisecond) // until the trimming is done
	}
	next := servers.Session("ada")
	next.Version = 2
	for _, c := range []struct {
		name string
		want int
		do   func() error
	}{
		{"load", 1, func() error { _, err := b.Load(t.Context(), r.ID); return err }},
		{"save", 4, func() error { r.Version = 1; return b.Save(t.Context(), r) }},
		{"touch", 1, func() error { return b.Touch(t.Context(), []store.Seen{{ID: r.ID, At: time.Now()}}) }},
		{"replace", 5, func() error { return b.Create(t.Context(), next, r.ID) }},
		{"delete", 4, func() error { _, err := b.Delete(t.Context(), next.ID); return err }},
	} {
		before := questions()
		must(t, c.do())
		if n := questions() - before - 1; n != c.want { // the question itself
			t.Errorf("%s took %d round trips, want %d", c.name, n, c.want)
		}
	}
}

func TestKilled(t *testing.T) {
	t.Parallel()
	server := mariadb.Start(t, "innodb-flush-log-at-trx-commit=1")
	servers.Killed(t, server, sqlstore.MySQL, trial.Times(5, 200))
}

func TestFailuresSayWhatToDo(t *testing.T) {
	t.Parallel()
	server := mariadb.Start(t, "max-connections=10")
	database := server.Create(t)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, nobody.Close())
	admin := server.Open(t, database)
	b := newBox(t, server.Open(t, database))
	must(t, b.Prepare(t.Context()))
	for _, text := range []string{`CREATE USER reader`, `GRANT SELECT ON ` + database + `.* TO reader`,
		`CREATE USER secret IDENTIFIED BY 'x'`} {
		_, err := admin.Exec(text)
		must(t, err)
	}
	as := func(user string) string { return strings.Replace(server.DSN(database), "root@", user+"@", 1) }
	for _, c := range []struct{ name, dsn, want string }{
		{"nobody there", strings.Replace(server.DSN(database), server.Addr, nobody.Addr().String(), 1),
			"check that it runs"},
		{"no such database", server.DSN("nowhere"), "no such database"},
		{"wrong password", as("secret"), "refuses the user"},
		{"a right is missing", as("reader"), "lacks a right"},
		{"read only", server.DSN(database, "tx_read_only=1"), "connect to the primary"},
		{"time is up", server.DSN(database, "max_statement_time=0.05"), "ran into its time limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := sql.Open("mysql", c.dsn)
			must(t, err)
			defer db.Close()
			if c.want == "ran into its time limit" {
				conn, err := admin.Conn(t.Context())
				must(t, err)
				defer conn.Close()
				_, err = conn.ExecContext(t.Context(), `LOCK TABLES coatcheck_sessions WRITE`)
				must(t, err)
				defer conn.ExecContext(t.Context(), `UNLOCK TABLES`)
			}
			err = sqlstore.New(db, sqlstore.MySQL).Create(t.Context(), servers.Session("ada"), store.ID{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want to be told %q", err, c.want)
			}
		})
	}
	t.Run("too many connections", func(t *testing.T) {
		as := as("reader") // root has one in reserve
		for {
			db, err := sql.Open("mysql", as)
			must(t, err)
			defer db.Close()
			if err := db.Ping(); err != nil {
				break
			}
		}
		db, err := sql.Open("mysql", as)
		must(t, err)
		defer db.Close()
		_, err = sqlstore.New(db, sqlstore.MySQL).Load(t.Context(), store.NewID())
		if err == nil || !strings.Contains(err.Error(), "no connection left") {
			t.Errorf("got %v, want to be told that no connection is left", err)
		}
	})
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		settings []string
		dangers  []string
	}{
		{"careless", []string{"innodb-flush-log-at-trx-commit=2", "sql-mode=", "log-bin", "binlog-format=STATEMENT"},
			[]string{"innodb_flush_log_at_trx_commit is 2", "binlog_format is STATEMENT", "sql_mode is empty"}},
		{"without commits",
			[]string{"innodb-flush-log-at-trx-commit=1", "transaction-isolation=READ-UNCOMMITTED", "autocommit=0"},
			[]string{"transaction_isolation is READ-UNCOMMITTED", "autocommit is OFF"}},
		{"as it is shipped", []string{"innodb-flush-log-at-trx-commit=1"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := mariadb.Start(t, c.settings...)
			servers.Checked(t, server, sqlstore.MySQL, c.dangers...)
		})
	}
}

// A sign-in of a user with 100,001 sessions is a handful of statements, and so are the pages of a list of them although
// their bodies do not agree with the columns that the order is by.
//
// Rows: A43, I9
func TestSignInOverManySessions(t *testing.T) {
	t.Parallel()
	server := mariadb.Start(t)
	b := newBox(t, server.Open(t, server.Create(t)))
	servers.Surplus(t, b.Store, func(like store.ID, n int) {
		_, err := b.DB.Exec(`INSERT INTO coatcheck_sessions
			SELECT unhex(md5(seq)), version, owner, who, created - seq, last_seen, expires, idle, due, body
			FROM coatcheck_sessions, seq_1_to_`+strconv.Itoa(n)+` WHERE id = ?`, like[:])
		must(t, err)
	})
}
