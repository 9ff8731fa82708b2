package mariadb

import (
	"database/sql"
	"strconv"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/servers"
)

var kind = servers.Kind{
	Dialect: sqlstore.MySQL, Driver: "mysql",
	Start: func(t testing.TB, settings ...string) servers.Server {
		t.Helper()
		return mariadb.Start(t, settings...)
	},
	InsertDeleted: `INSERT INTO coatcheck_changes (kind, id, owner) VALUES (3, ?, '')`,
	LateBy:        12 * time.Second, // longer than a number is waited for that nobody holds
	Looked:        looked,
	Durable:       "innodb-flush-log-at-trx-commit=1",
	Repeat: func(n int) string {
		return `INSERT INTO coatcheck_sessions
			SELECT unhex(md5(seq)), version, owner, who, created - seq, last_seen, expires, idle, due, body
			FROM coatcheck_sessions, seq_1_to_` + strconv.Itoa(n) + ` WHERE id = ?`
	},
}

func TestBesideOthers(t *testing.T) { kind.BesideOthers(t) }

func TestKilled(t *testing.T) { kind.Killed(t) }

// Rows: A43, I9
func TestSignInOverManySessions(t *testing.T) { kind.SignInOverManySessions(t) }

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
	kind.FewRights(t, `CREATE USER app`, `GRANT SELECT, INSERT, UPDATE, DELETE ON * TO app`)
}

func TestMissingRights(t *testing.T) {
	kind.MissingRights(t, `CREATE USER app`, `GRANT SELECT ON coatcheck_schema TO app`,
		`GRANT ALL ON coatcheck_sessions TO app`, `GRANT ALL ON coatcheck_switches TO app`,
		`GRANT ALL ON coatcheck_changes TO app`)
}

func TestFailuresSayWhatToDo(t *testing.T) {
	kind.FailuresSayWhatToDo(t, servers.Failures{
		Settings: []string{"max-connections=10"},
		Users: []string{`CREATE USER reader`, `GRANT SELECT ON * TO reader`,
			`CREATE USER secret IDENTIFIED BY 'x'`},
		Refused:  map[string]string{"wrong password": "secret"},
		ReadOnly: "tx_read_only=1",
		Hasty:    "max_statement_time=0.05",
		Lock:     `LOCK TABLES coatcheck_sessions WRITE`,
	})
}

// A server may show what is not committed to whoever does not ask for more. The feed does not tell it all the same.
func TestFeedTellsOnlyOfCommits(t *testing.T) {
	t.Parallel()
	server := mariadb.Start(t, "transaction-isolation=READ-UNCOMMITTED")
	servers.FeedOfOthers(t, server, sqlstore.MySQL)
	servers.LateCommits(t, server, sqlstore.MySQL, kind.InsertDeleted, 0, time.Second)
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
