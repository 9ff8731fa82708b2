package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/sql/pgxlisten"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/servers"
)

var kind = servers.Kind{
	Dialect: sqlstore.PostgreSQL, Driver: "pgx",
	Start: func(t testing.TB, settings ...string) servers.Server {
		t.Helper()
		return postgres.Start(t, settings...)
	},
	InsertDeleted: `INSERT INTO coatcheck_changes (kind, id, owner) VALUES (3, $1, '')`,
	LateBy:        time.Second,
	Looked:        looked,
	Durable:       "fsync=on",
	Repeat: func(n int) string {
		return `INSERT INTO coatcheck_sessions
			SELECT decode(md5(i::text), 'hex'), version, owner, who, created - i, last_seen, expires, idle, due, body
			FROM coatcheck_sessions, generate_series(1, ` + strconv.Itoa(n) + `) i WHERE id = $1`
	},
}

func TestKilled(t *testing.T) { kind.Killed(t) }

// Rows: A43, I9
func TestSignInOverManySessions(t *testing.T) { kind.SignInOverManySessions(t) }

func TestBesideOthers(t *testing.T) {
	kind.BesideOthers(t, func(t *testing.T, s servers.Server) {
		t.Run("the feed that listens tells of others", func(t *testing.T) {
			servers.FeedOfOthers(t, s, kind.Dialect,
				sqlstore.Options{Listen: func(ctx context.Context, channel string, heard func()) error {
					<-ctx.Done() // as deaf as can be: nothing depends on it
					return ctx.Err()
				}})
		})
	})
}

// looked returns how many rows the server has looked at in the table of sessions.
func looked(t *testing.T, db *sql.DB) (rows int) {
	t.Helper()
	_, err := db.Exec(`SELECT pg_stat_force_next_flush()`)
	must(t, err)
	const read = `SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'coatcheck_sessions'`
	must(t, db.QueryRow(read).Scan(&rows))
	return rows
}

// The rights are those in the documentation.
func TestFewRights(t *testing.T) {
	owner, app := kind.FewRights(t,
		`REVOKE CREATE ON SCHEMA public FROM PUBLIC`, `CREATE ROLE app LOGIN`,
		`GRANT SELECT ON coatcheck_schema TO app`,
		`GRANT SELECT, INSERT, UPDATE, DELETE ON coatcheck_sessions, coatcheck_switches, coatcheck_changes TO app`,
		`GRANT USAGE ON SEQUENCE coatcheck_changes_seq_seq TO app`)
	_, err := owner.DB.Exec(`REVOKE USAGE ON SEQUENCE coatcheck_changes_seq_seq FROM app`)
	must(t, err)
	err = sqlstore.New(app, sqlstore.PostgreSQL).Prepare(t.Context())
	if err == nil || !strings.Contains(err.Error(), "coatcheck_changes_seq_seq") {
		t.Errorf("without the sequence: got error %v", err)
	}
}

func TestMissingRights(t *testing.T) {
	kind.MissingRights(t, `CREATE ROLE app LOGIN`, `GRANT ALL ON ALL TABLES IN SCHEMA public TO app`,
		`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app`)
}

func TestFailuresSayWhatToDo(t *testing.T) {
	kind.FailuresSayWhatToDo(t, servers.Failures{
		Settings: []string{"max_connections=5", "superuser_reserved_connections=0", "max_wal_senders=0"},
		Users: []string{`CREATE ROLE reader LOGIN`, `CREATE ROLE asleep NOLOGIN`,
			`GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader`},
		Refused:  map[string]string{"no such user": "nobody", "no login": "asleep"},
		ReadOnly: "default_transaction_read_only=on",
		Hasty:    "statement_timeout=1",
		Lock:     `LOCK TABLE coatcheck_sessions`,
	})
}

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
