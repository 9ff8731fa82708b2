// Package sqlite checks package sqlstore against the real SQLite.
package sqlite

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modernc.org/sqlite"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/storetest"
)

// A box is a store with its database.
type box struct {
	*sqlstore.Store
	db  *sql.DB
	dsn string
}

// newBox opens a database. Everything is closed at the end of the test.
func newBox(t testing.TB, dsn string) *box {
	t.Helper()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	b := &box{Store: sqlstore.New(db, sqlstore.SQLite), db: db, dsn: dsn}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
		db.Close()
	})
	return b
}

// newFile names a database file that is not there yet.
func newFile(t testing.TB) string { return filepath.Join(t.TempDir(), "sessions.db") }

// session returns a record of a user.
func session(user string) store.Record {
	now := time.Now()
	return store.Record{
		ID: store.NewID(), User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour),
		IdleTimeout: time.Minute,
		Auth:        []store.Auth{{Method: "password", At: now}},
		Data:        store.Data{}.With(store.Change{Key: "cart", Value: store.Value{JSON: `["tea"]`}}),
	}
}

// mustCreate adds a record that must be accepted.
func mustCreate(t testing.TB, s store.Store) store.Record {
	t.Helper()
	r := session("ada")
	if err := s.Create(context.Background(), r, store.ID{}); err != nil {
		t.Fatalf("create: %v", err)
	}
	return r
}

func (b *box) mustExec(t testing.TB, query string, args ...any) {
	t.Helper()
	if _, err := b.db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// waitUntil waits for a condition that is bound to come true.
func waitUntil(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came true: %s", what)
		}
	}
}

// A watched context tells when a call begins to wait for its end, as one in a queue does.
type watched struct {
	context.Context
	once  sync.Once
	waits chan struct{}
}

func watch(ctx context.Context) *watched { return &watched{Context: ctx, waits: make(chan struct{})} }

func (w *watched) Done() <-chan struct{} {
	w.once.Do(func() { close(w.waits) })
	return w.Context.Done()
}

// commits counts the transactions that wrote something, on all connections of the process. onCommit, if there is one,
// is called before each of them takes effect.
var (
	commits  atomic.Int64
	onCommit atomic.Pointer[func()]
)

func init() {
	sqlite.RegisterConnectionHook(func(c sqlite.ExecQuerierContext, _ string) error {
		c.(sqlite.HookRegisterer).RegisterCommitHook(func() int32 {
			commits.Add(1)
			if f := onCommit.Load(); f != nil {
				(*f)()
			}
			return 0
		})
		return nil
	})
}

func TestContract(t *testing.T) {
	for _, c := range []struct {
		name        string
		connections int
	}{{"pool without limit", 0}, {"pool of one connection", 1}} {
		t.Run(c.name, func(t *testing.T) {
			open := func(t *testing.T, dsn string) store.Store {
				b := newBox(t, dsn)
				b.db.SetMaxOpenConns(c.connections)
				return b
			}
			storetest.Harness{
				New: func(t *testing.T) store.Store { return open(t, newFile(t)) },
				Reopen: func(t *testing.T, s store.Store) store.Store {
					if err := s.(*box).Close(t.Context()); err != nil {
						t.Fatal(err)
					}
					s.(*box).db.Close()
					return open(t, s.(*box).dsn)
				},
				Damage: func(t *testing.T, s store.Store, id store.ID) {
					s.(*box).mustExec(t, `UPDATE coatcheck_sessions SET body = x'ff' WHERE id = ?`, id[:])
				},
			}.Run(t)
		})
	}
}

// The suite has a second process in mind as well: it must not be able to break the rules of records.
func TestTwoStoresOfOneFileLoseNoUpdate(t *testing.T) {
	file := newFile(t)
	boxes := []*box{newBox(t, file), newBox(t, file)}
	r := mustCreate(t, boxes[0])
	const writers = 16
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for tries := 0; tries < 10_000; tries++ {
				mine, err := boxes[i%2].Load(t.Context(), r.ID)
				if err == nil {
					mine.Data = mine.Data.With(store.Change{Key: string(rune('a' + i)), Value: store.Value{JSON: "1"}})
					err = boxes[i%2].Save(t.Context(), mine)
				}
				if err == nil {
					return
				}
				if err != store.ErrConflict {
					t.Errorf("writer %d: %v", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	got, err := boxes[0].Load(t.Context(), r.ID)
	if err != nil || got.Version != writers+1 {
		t.Errorf("got version %d, %v; want %d", got.Version, err, writers+1)
	}
}
