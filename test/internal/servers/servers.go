// Package servers is what package sqlstore is put through on each database server beside the contract: several programs
// at once, kills, cancelled requests, late commits. The tests of a server call it with that server.
package servers

import (
	"database/sql"
	"testing"

	sqlstore "coatcheck.dev/store/sql"
)

// A Server is a database server that runs for a test.
type Server interface {
	// Create makes an empty database and returns its name.
	Create(t testing.TB) string
	// Open opens a database until the test ends.
	Open(t testing.TB, database string, params ...string) *sql.DB
	// DSN returns a database's address for the driver, and DSNOf that for a user who may not do everything.
	DSN(database string, params ...string) string
	DSNOf(user, database string, params ...string) string
	// Kill ends the server with SIGKILL, and Restart starts it again.
	Kill()
	Restart()
	// Fence has the server take no writes, and Unfence has it take them again.
	Fence(t testing.TB)
	Unfence(t testing.TB)
}

// open makes a store that is closed at the end of the test, and returns its pool as well.
func open(
	t testing.TB, s Server, d sqlstore.Dialect, database string, options ...sqlstore.Options,
) (*sqlstore.Store, *sql.DB) {
	t.Helper()
	b := NewBox(t, s.Open(t, database), d, options...)
	b.DB.SetMaxOpenConns(16)
	return b.Store, b.DB
}
