// Package sqlite checks store/sql against the real SQLite.
package sqlite

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"coatcheck.dev/store"
	"coatcheck.dev/store/sql"
	"coatcheck.dev/store/storetest"
)

// open opens the database in a folder; it is closed at the end of the test.
func open(t testing.TB, file string) (*sqlstore.Store, *sql.DB) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	s := sqlstore.New(db, sqlstore.SQLite)
	t.Cleanup(func() {
		s.Close(context.Background())
		db.Close()
	})
	return s, db
}

func TestContract(t *testing.T) {
	files := map[store.Store]string{}
	dbs := map[store.Store]*sql.DB{}
	var mu sync.Mutex
	keep := func(t *testing.T, file string) store.Store {
		s, db := open(t, file)
		mu.Lock()
		defer mu.Unlock()
		files[s], dbs[s] = file, db
		return s
	}
	storetest.Harness{
		New: func(t *testing.T) store.Store { return keep(t, filepath.Join(t.TempDir(), "test.db")) },
		Reopen: func(t *testing.T, s store.Store) store.Store {
			if err := s.(*sqlstore.Store).Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			dbs[s].Close()
			return keep(t, files[s])
		},
		Damage: func(t *testing.T, s store.Store, id store.ID) {
			if _, err := dbs[s].Exec("UPDATE coatcheck_sessions SET body = x'ff' WHERE id = ?", id[:]); err != nil {
				t.Fatal(err)
			}
		},
	}.Run(t)
}

// BenchmarkSignIn creates sessions one at a time, and 64 at a time: those share the wait for the disk.
func BenchmarkSignIn(b *testing.B) {
	for _, n := range []struct {
		name string
		n    int
	}{{"one", 1}, {"64", 64}} {
		b.Run(n.name, func(b *testing.B) {
			s, _ := open(b, filepath.Join(b.TempDir(), "test.db"))
			var wg sync.WaitGroup
			per := b.N/n.n + 1
			b.ResetTimer()
			start := time.Now()
			for range n.n {
				wg.Go(func() {
					for range per {
						now := time.Now()
						r := store.Record{ID: store.NewID(), User: "ada", CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour)}
						if err := s.Create(context.Background(), r, store.ID{}); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(per*n.n)/time.Since(start).Seconds(), "sign-ins/s")
		})
	}
}
