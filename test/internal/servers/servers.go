// Package servers is what package sqlstore is put through on each database server beside the contract: several programs at
// once, kills, cancelled requests, late commits. The tests of a server call it with that server.
package servers

import (
	"context"
	"database/sql"
	"os"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
)

// A Server is a database server that runs for a test.
type Server interface {
	// Create makes an empty database and returns its name.
	Create(t testing.TB) string
	// Open opens a database until the test ends.
	Open(t testing.TB, database string, params ...string) *sql.DB
	// Kill ends the server with SIGKILL, and Restart starts it again.
	Kill()
	Restart()
}

// Torture reports whether there is time for many more rounds.
func Torture() bool { return os.Getenv("COATCHECK_TORTURE") != "" }

// open makes a store that is closed at the end of the test, and returns its pool as well.
func open(t testing.TB, s Server, d sqlstore.Dialect, database string, options ...sqlstore.Options) (*sqlstore.Store, *sql.DB) {
	t.Helper()
	db := s.Open(t, database)
	db.SetMaxOpenConns(16)
	st := sqlstore.New(db, d, options...)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := st.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return st, db
}

// session returns a record of a user.
func session(user string) store.Record {
	now := time.UnixMicro(time.Now().UnixMicro()).UTC()
	return store.Record{
		ID: store.NewID(), User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour), IdleTimeout: time.Minute,
		Auth: []store.Auth{{Method: "password", At: now}},
		Data: store.Data{}.With(store.Change{Key: "owner", Value: store.Value{JSON: `"` + user + `"`}}),
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
