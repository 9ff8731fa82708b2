package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/sql/pgxlisten"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/servers"
	"coatcheck.dev/test/internal/trial"
)

const insertDeleted = `INSERT INTO coatcheck_changes (kind, id, owner) VALUES (3, $1, '')`

func TestBesideOthers(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	d := sqlstore.PostgreSQL
	t.Run("eight prepare at once", func(t *testing.T) { servers.PreparedAtOnce(t, server, d) })
	t.Run("tables of a newer version are refused", func(t *testing.T) { servers.NewerIsRefused(t, server, d) })
	t.Run("a closed store is closed", func(t *testing.T) { servers.ClosedIsClosed(t, server, d) })
	t.Run("the feed tells of others", func(t *testing.T) { servers.FeedOfOthers(t, server, d) })
	t.Run("the feed that listens tells of others", func(t *testing.T) {
		servers.FeedOfOthers(t, server, d,
			sqlstore.Options{Listen: func(ctx context.Context, channel string, heard func()) error {
				<-ctx.Done() // as deaf as can be: nothing depends on it
				return ctx.Err()
			}})
	})
	t.Run("the feed tells of late commits", func(t *testing.T) {
		servers.LateCommits(t, server, d, insertDeleted, 0, time.Second)
	})
	t.Run("old changes are removed", func(t *testing.T) { servers.Trimmed(t, server, d, insertDeleted) })
	t.Run("cancelled calls leave nothing behind", func(t *testing.T) {
		servers.Cancelled(t, server, d, cancellations())
	})
	t.Run("one user among many", func(t *testing.T) { servers.OneUserAmongMany(t, server, d, looked) })
	t.Run("a sweep beside requests", func(t *testing.T) { servers.SweptBeside(t, server, d) })
	t.Run("the feed is lost with the server", func(t *testing.T) { servers.LostAndFound(t, server, d) })
}

// The rights are those in the documentation.
func TestFewRights(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	database := server.Create(t)
	b := newBox(t, server.Open(t, database))
	must(t, b.Prepare(t.Context()))
	for _, text := range []string{
		`REVOKE CREATE ON SCHEMA public FROM PUBLIC`, `CREATE ROLE app LOGIN`,
		`GRANT SELECT ON coatcheck_schema TO app`,
		`GRANT SELECT, INSERT, UPDATE, DELETE ON coatcheck_sessions, coatcheck_switches, coatcheck_changes TO app`,
		`GRANT USAGE ON SEQUENCE coatcheck_changes_seq_seq TO app`,
	} {
		_, err := b.DB.Exec(text)
		must(t, err)
	}
	db, err := sql.Open("pgx", strings.Replace(server.DSN(database), "postgres@", "app@", 1))
	must(t, err)
	defer db.Close()
	servers.FewRights(t, db, sqlstore.PostgreSQL)

	_, err = b.DB.Exec(`REVOKE USAGE ON SEQUENCE coatcheck_changes_seq_seq FROM app`)
	must(t, err)
	err = sqlstore.New(db, sqlstore.PostgreSQL).Prepare(t.Context())
	if err == nil || !strings.Contains(err.Error(), "coatcheck_changes_seq_seq") {
		t.Errorf("without the sequence: got error %v", err)
	}
}

// What is missing is found out at the start, and named.
func TestMissingRights(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	database := server.Create(t)
	b := newBox(t, server.Open(t, database))
	must(t, b.Prepare(t.Context()))
	for _, text := range []string{
		`CREATE ROLE app LOGIN`, `GRANT ALL ON ALL TABLES IN SCHEMA public TO app`,
		`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app`,
	} {
		_, err := b.DB.Exec(text)
		must(t, err)
	}
	db, err := sql.Open("pgx", strings.Replace(server.DSN(database), "postgres@", "app@", 1))
	must(t, err)
	defer db.Close()
	servers.MissingRights(t, b, db, sqlstore.PostgreSQL)
}

func cancellations() int { return trial.Times(10_000, 100_000) }

// looked returns how many rows the server has looked at in the table of sessions.
func looked(t *testing.T, db *sql.DB) (rows int) {
	t.Helper()
	_, err := db.Exec(`SELECT pg_stat_force_next_flush()`)
	must(t, err)
	const read = `SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'coatcheck_sessions'`
	must(t, db.QueryRow(read).Scan(&rows))
	return rows
}

func TestKilled(t *testing.T) {
	t.Parallel()
	servers.Killed(t, postgres.Start(t, "fsync=on"), sqlstore.PostgreSQL, trial.Times(5, 200))
}

// Listening goes by pgx's own connection. What it tells must reach those who listen, in other processes too.
func TestListen(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	database := server.Create(t)
	listen := pgxlisten.DSN(server.DSN(database))
	var mu sync.Mutex
	heard := make(chan struct{}, 1000)
	counting := func(ctx context.Context, channel string, wake func()) error {
		return listen(ctx, channel, func() {
			mu.Lock()
			defer mu.Unlock()
			heard <- struct{}{}
			wake()
		})
	}
	a := newBox(t, server.Open(t, database), sqlstore.Options{Listen: listen})
	b := newBox(t, server.Open(t, database), sqlstore.Options{Listen: counting})
	e := servers.Hear(t, b)
	var longest, sum time.Duration
	const times = 20
	for range times {
		r := a.MustCreate(t)
		began := time.Now()
		e.Told(t, store.Created, r.ID)
		took := time.Since(began)
		longest, sum = max(longest, took), sum+took
	}
	select {
	case <-heard:
	case <-time.After(10 * time.Second):
		t.Error("nothing was heard")
	}
	t.Logf("of %d changes the last was heard %v after it was acknowledged, the mean was %v", times, longest, sum/times)
}

func TestTouchesChangeNoIndex(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	b := newBox(t, server.Open(t, server.Create(t)))
	b.DB.SetMaxOpenConns(1)
	r := b.MustCreate(t)
	for i := range 50 {
		must(t, b.Touch(t.Context(), []store.Seen{{ID: r.ID, At: r.LastSeen.Add(time.Duration(i+1) * time.Second)}}))
	}
	_, err := b.DB.Exec(`SELECT pg_stat_force_next_flush()`)
	must(t, err)
	var updates, hot int
	const written = `SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'coatcheck_sessions'`
	must(t, b.DB.QueryRow(written).Scan(&updates, &hot))
	if updates != 50 || hot < 45 {
		t.Errorf("of %d touches %d left the indexes alone, want 50 and nearly all", updates, hot)
	}
}

// A load is one statement, as the least that anyone could do, and so is a change.
func TestACallIsOneStatement(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t, "log_statement=all")
	b := newBox(t, server.Open(t, server.Create(t), "default_query_exec_mode=simple_protocol"))
	r := b.MustCreate(t)
	next := servers.Session("ada")
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"load", func() error { _, err := b.Load(t.Context(), r.ID); return err }},
		{"save", func() error { r.Version = 1; return b.Save(t.Context(), r) }},
		{"touch", func() error { return b.Touch(t.Context(), []store.Seen{{ID: r.ID, At: time.Now()}}) }},
		{"replace", func() error { next.Version = 2; return b.Create(t.Context(), next, r.ID) }},
		{"delete", func() error { _, err := b.Delete(t.Context(), next.ID); return err }},
	} {
		before := statements(t, server, b.DB)
		must(t, c.do())
		if n := statements(t, server, b.DB) - before; n != 1 {
			t.Errorf("%s took %d statements, want 1", c.name, n)
		}
	}
}

var asked int

// statements returns how many statements about sessions the server has logged.
func statements(t *testing.T, server *postgres.Server, db *sql.DB) int {
	t.Helper()
	asked++
	// the log arrives when it likes, but in order for one who waits for each answer
	mark := fmt.Sprintf("mark %d", asked)
	_, err := db.Exec("SELECT '" + mark + "'")
	must(t, err)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		before, _, found := strings.Cut(server.Output(), mark)
		if found {
			n := 0
			for _, line := range strings.SplitAfter(before, "statement: ") {
				if text, _, _ := strings.Cut(line, "LOG: "); strings.Contains(text, "coatcheck_sessions") {
					n++
				}
			}
			return n
		}
		if time.Now().After(deadline) {
			t.Fatal("the server logs no statements")
		}
	}
}

func TestFailuresSayWhatToDo(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t, "max_connections=5", "superuser_reserved_connections=0", "max_wal_senders=0")
	database := server.Create(t)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, nobody.Close())
	admin := server.Open(t, database)
	b := newBox(t, server.Open(t, database))
	must(t, b.Prepare(t.Context()))
	for _, text := range []string{`CREATE ROLE reader LOGIN`, `CREATE ROLE asleep NOLOGIN`,
		`GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader`} {
		_, err := admin.Exec(text)
		must(t, err)
	}
	admin.Close()
	b.DB.Close()
	as := func(user string) string { return strings.Replace(server.DSN(database), "postgres@", user+"@", 1) }
	for _, c := range []struct{ name, dsn, want string }{
		{"nobody there", strings.Replace(server.DSN(database), server.Addr, nobody.Addr().String(), 1),
			"check that it runs"},
		{"no such database", server.DSN("nowhere"), "no such database"},
		{"no such user", as("nobody"), "refuses the user"},
		{"no login", as("asleep"), "refuses the user"},
		{"a right is missing", as("reader"), "lacks a right"},
		{"read only", server.DSN(database, "default_transaction_read_only=on"), "connect to the primary"},
		{"time is up", server.DSN(database, "statement_timeout=1"), "ran into its time limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := sql.Open("pgx", c.dsn)
			must(t, err)
			defer db.Close()
			st := sqlstore.New(db, sqlstore.PostgreSQL)
			if c.want == "ran into its time limit" {
				locker := server.Open(t, database)
				defer locker.Close()
				tx, err := locker.Begin()
				must(t, err)
				defer tx.Rollback()
				_, err = tx.Exec(`LOCK TABLE coatcheck_sessions`)
				must(t, err)
			}
			err = st.Create(t.Context(), servers.Session("ada"), store.ID{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want to be told %q", err, c.want)
			}
		})
	}
	t.Run("too many connections", func(t *testing.T) {
		db := server.Open(t, database)
		for {
			conn, err := db.Conn(t.Context())
			if err != nil {
				break
			}
			defer conn.Close()
		}
		err := newBox(t, server.Open(t, database)).Create(t.Context(), servers.Session("ada"), store.ID{})
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
		{"careless", []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off"},
			[]string{"fsync is off", "full_page_writes is off", "synchronous_commit is off"}},
		{"as it is shipped", []string{"fsync=on"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := postgres.Start(t, c.settings...)
			findings := servers.Checked(t, server, sqlstore.PostgreSQL, c.dangers...)
			if !slices.ContainsFunc(findings, func(f store.Finding) bool {
				return f.Severity == store.Limit && f.Name == "synchronous_standby_names"
			}) {
				t.Error("it is not said that a failover may lose changes")
			}
		})
	}
}

// A sign-in of a user with 100,001 sessions is a handful of statements, and so are the pages of a list of them although
// their bodies do not agree with the columns that the order is by.
//
// Rows: A43, I9
func TestSignInOverManySessions(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	b := newBox(t, server.Open(t, server.Create(t)))
	servers.Surplus(t, b.Store, func(like store.ID, n int) {
		_, err := b.DB.Exec(`INSERT INTO coatcheck_sessions
			SELECT decode(md5(i::text), 'hex'), version, owner, who, created - i, last_seen, expires, idle, due, body
			FROM coatcheck_sessions, generate_series(1, $2) i WHERE id = $1`, like[:], n)
		must(t, err)
	})
}
