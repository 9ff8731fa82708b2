package sqlite

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"sync"
	"testing"
)

func wantMode(t *testing.T, file string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s has mode %o, want %o", file, got, want)
	}
}

// Sessions are nobody else's business, from the first byte on, whatever journal the connection was opened with.
func TestANewFileIsItsOwnersAlone(t *testing.T) {
	for _, options := range []string{"", "?_pragma=journal_mode(wal)", "?_pragma=journal_mode(truncate)"} {
		file := newFile(t)
		b := newBox(t, file+options)
		mustCreate(t, b)
		for _, suffix := range []string{"", "-wal", "-shm"} {
			wantMode(t, file+suffix, 0o600)
		}
	}
}

// The file of an app is the app's: its mode, its tables.
func TestAnAppsOwnDatabase(t *testing.T) {
	file := newFile(t)
	app, err := sql.Open("sqlite", file)
	must(t, err)
	defer app.Close()
	_, err = app.Exec(`CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT);
		INSERT INTO orders (what) VALUES ('tea'); PRAGMA user_version = 7`)
	must(t, err)
	must(t, os.Chmod(file, 0o640))

	mustCreate(t, newBox(t, file))
	wantMode(t, file, 0o640)
	var what string
	var version int
	if err := app.QueryRow(`SELECT what FROM orders`).Scan(&what); err != nil || what != "tea" {
		t.Errorf("the app's table has %q, %v", what, err)
	}
	if err := app.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil || version != 7 {
		t.Errorf("the app's user_version is %d, %v", version, err)
	}
}

// Durable means a log that is flushed at every commit, also on connections that were opened for speed.
func TestWritesAreFlushed(t *testing.T) {
	b := newBox(t, newFile(t)+"?_pragma=synchronous(off)&_pragma=journal_mode(delete)")
	b.db.SetMaxOpenConns(1) // so that the connection that wrote is the one that is asked
	mustCreate(t, b)
	var synchronous int
	var mode string
	if err := b.db.QueryRow(`PRAGMA synchronous`).Scan(&synchronous); err != nil || synchronous != 2 {
		t.Errorf("synchronous is %d, %v; want 2, which is FULL", synchronous, err)
	}
	if err := b.db.QueryRow(`PRAGMA journal_mode`).Scan(&mode); err != nil || mode != "wal" {
		t.Errorf("the journal mode is %q, %v; want wal", mode, err)
	}
}

// A pool of one connection in memory is what a quick test of an app uses.
func TestADatabaseInMemory(t *testing.T) {
	b := newBox(t, ":memory:")
	b.db.SetMaxOpenConns(1)
	r := mustCreate(t, b)
	if _, err := b.Load(t.Context(), r.ID); err != nil {
		t.Errorf("load: %v", err)
	}
}

// The end of a session is computed by the table, so it has to agree with Record.Ends.
func TestTheTableKnowsWhenSessionsEnd(t *testing.T) {
	b := newBox(t, newFile(t))
	r := mustCreate(t, b)
	want := r.Ends().UnixMicro()
	var got int64
	if err := b.db.QueryRowContext(context.Background(),
		`SELECT ends FROM coatcheck_sessions`).Scan(&got); err != nil || got != want {
		t.Errorf("ends is %d, %v; want %d", got, err, want)
	}
}

// Every look-up and the sweep find their rows by an index, in its order: nothing may scan or sort the table.
func TestStatementsUseIndexes(t *testing.T) {
	b := newBox(t, newFile(t))
	must(t, b.Prepare(t.Context()))
	for _, query := range []string{
		`SELECT id FROM coatcheck_sessions WHERE ends <= 1 ORDER BY ends LIMIT 10`,
		`SELECT id FROM coatcheck_sessions WHERE owner = 'ada' AND (created, id) < (1, x'00')
			ORDER BY created DESC, id DESC LIMIT 10`,
		`SELECT id FROM coatcheck_sessions WHERE (created, id) < (1, x'00') ORDER BY created DESC, id DESC LIMIT 10`,
		`SELECT count(*) FROM coatcheck_sessions WHERE owner = 'ada'`,
		`SELECT version, last_seen, body FROM coatcheck_sessions WHERE id = x'00'`,
	} {
		var id, parent, unused int
		var plan string
		rows, err := b.db.Query(`EXPLAIN QUERY PLAN ` + query)
		must(t, err)
		for rows.Next() {
			must(t, rows.Scan(&id, &parent, &unused, &plan))
			if len(plan) < 6 || plan[:6] != "SEARCH" {
				t.Errorf("%s: the plan has the step %q", query, plan)
			}
		}
		must(t, rows.Err())
		rows.Close()
	}
}

// The log is emptied beside the commits. If it were not, it would grow until a commit empties it, and all who wait for
// that one wait long.
func TestTheLogStaysShort(t *testing.T) {
	file := newFile(t)
	b := newBox(t, file)
	for range 20 {
		var writers sync.WaitGroup
		for range 8 {
			writers.Go(func() {
				for range 40 {
					mustCreate(t, b)
				}
			})
		}
		writers.Wait()
	}
	info, err := os.Stat(file + "-wal")
	must(t, err)
	if most := int64(20 << 20); info.Size() > most {
		t.Errorf("the log has %d bytes", info.Size())
	}
}
