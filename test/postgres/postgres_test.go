// Package postgres checks package sqlstore against the real PostgreSQL.
package postgres

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/storetest"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/servers"
)

// A box is a store with its database.
type box struct {
	*sqlstore.Store
	db *sql.DB
}

// newBox makes a store on a database. It is closed at the end of the test.
func newBox(t testing.TB, db *sql.DB, options ...sqlstore.Options) *box {
	t.Helper()
	b := &box{sqlstore.New(db, sqlstore.PostgreSQL, options...), db}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// session returns a record of a user.
func session(user string) store.Record {
	now := time.Now()
	return store.Record{
		ID: store.NewID(), User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour), IdleTimeout: time.Minute,
		Auth: []store.Auth{{Method: "password", At: now}},
		Data: store.Data{}.With(store.Change{Key: "cart", Value: store.Value{JSON: `["tea"]`}}),
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

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestContract(t *testing.T) {
	server := postgres.Start(t)
	pooler := server.Pool(t)
	for _, c := range []struct {
		name string
		rare bool
		open func(t *testing.T, database string) *box
	}{
		{"as the driver likes it, with a feed that listens", false, func(t *testing.T, database string) *box {
			return newBox(t, server.Open(t, database), sqlstore.Options{Listen: postgres.Listen(server.DSN(database))})
		}},
		{"pooled per transaction, with a feed that looks", false, func(t *testing.T, database string) *box {
			return newBox(t, pooler.Open(t, database, "default_query_exec_mode=exec"))
		}},
		{"pooled, simple protocol", true, func(t *testing.T, database string) *box {
			return newBox(t, pooler.Open(t, database, "default_query_exec_mode=simple_protocol"))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.rare && !servers.Torture() {
				t.Skip("like the one before; COATCHECK_TORTURE=1 runs it")
			}
			names := make(map[store.Store]string)
			open := func(t *testing.T, database string) store.Store {
				b := c.open(t, database)
				b.db.SetMaxOpenConns(16)
				names[b] = database
				return b
			}
			storetest.Harness{
				New: func(t *testing.T) store.Store { return open(t, server.Create(t)) },
				Reopen: func(t *testing.T, s store.Store) store.Store {
					must(t, s.(*box).Close(t.Context()))
					s.(*box).db.Close()
					return open(t, names[s])
				},
				Damage: func(t *testing.T, s store.Store, id store.ID) {
					_, err := s.(*box).db.Exec(`UPDATE coatcheck_sessions SET body = '\xff' WHERE id = $1`, id[:])
					must(t, err)
				},
			}.Run(t)
		})
	}
}
