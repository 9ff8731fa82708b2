// Package mariadb checks package sqlstore against the real MariaDB.
package mariadb

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/storetest"
	"coatcheck.dev/test/internal/mariadb"
)

// A box is a store with its database.
type box struct {
	*sqlstore.Store
	db *sql.DB
}

// newBox makes a store on a database. It is closed at the end of the test.
func newBox(t testing.TB, db *sql.DB, options ...sqlstore.Options) *box {
	t.Helper()
	b := &box{sqlstore.New(db, sqlstore.MySQL, options...), db}
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
	server := mariadb.Start(t)
	for _, c := range []struct {
		name string
		open func(t *testing.T, database string) *box
	}{
		{"as the driver likes it", func(t *testing.T, database string) *box {
			return newBox(t, server.Open(t, database))
		}},
		{"one round trip for a statement", func(t *testing.T, database string) *box {
			return newBox(t, server.Open(t, database, "interpolateParams=true", "clientFoundRows=true"))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
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
					_, err := s.(*box).db.Exec(`UPDATE coatcheck_sessions SET body = x'ff' WHERE id = ?`, id[:])
					must(t, err)
				},
			}.Run(t)
		})
	}
}
