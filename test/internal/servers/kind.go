package servers

import (
	"database/sql"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/test/internal/trial"
)

// A Kind is a kind of server, with all in which its tests differ from those of another kind.
type Kind struct {
	Dialect sqlstore.Dialect
	Driver  string // the name that package database/sql knows
	Start   func(t testing.TB, settings ...string) Server

	InsertDeleted string                        // the statement that writes down that an ID was deleted
	LateBy        time.Duration                 // how long a transaction is open whose changes are told all the same
	Looked        func(*testing.T, *sql.DB) int // returns how many rows the server has looked at
	Durable       string                        // the setting with which commits survive a kill
	Repeat        func(n int) string            // returns the statement that adds n older sessions like that of an ID
}

// BesideOthers has several programs work on one server.
func (k Kind) BesideOthers(t *testing.T, more ...func(*testing.T, Server)) {
	t.Parallel()
	s, d := k.Start(t), k.Dialect
	t.Run("eight prepare at once", func(t *testing.T) { PreparedAtOnce(t, s, d) })
	t.Run("tables of a newer version are refused", func(t *testing.T) { NewerIsRefused(t, s, d) })
	t.Run("a closed store is closed", func(t *testing.T) { ClosedIsClosed(t, s, d) })
	t.Run("the feed tells of others", func(t *testing.T) { FeedOfOthers(t, s, d) })
	t.Run("the feed tells of late commits", func(t *testing.T) { LateCommits(t, s, d, k.InsertDeleted, 0, k.LateBy) })
	t.Run("old changes are removed", func(t *testing.T) { Trimmed(t, s, d, k.InsertDeleted) })
	t.Run("cancelled calls leave nothing behind", func(t *testing.T) { Cancelled(t, s, d, Cancellations()) })
	t.Run("one user among many", func(t *testing.T) { OneUserAmongMany(t, s, d, k.Looked) })
	t.Run("a sweep beside requests", func(t *testing.T) { SweptBeside(t, s, d) })
	for _, test := range more {
		test(t, s)
	}
	t.Run("the feed is lost with the server", func(t *testing.T) { LostAndFound(t, s, d) })
}

// Cancellations is how many calls are cancelled, to look whether one leaves something behind.
func Cancellations() int { return trial.Times(10_000, 100_000) }

// Killed kills a server of its own again and again.
func (k Kind) Killed(t *testing.T) {
	t.Parallel()
	Killed(t, k.Start(t, k.Durable), k.Dialect, trial.Times(5, 200))
}

// SignInOverManySessions signs a user in who has 100,001 sessions: it is a handful of statements, and so are the pages
// of a list of them although their bodies do not agree with the columns that the order is by.
func (k Kind) SignInOverManySessions(t *testing.T) {
	t.Parallel()
	s := k.Start(t)
	b := NewBox(t, s.Open(t, s.Create(t)), k.Dialect)
	Surplus(t, b, func(like store.ID, n int) {
		_, err := b.DB.Exec(k.Repeat(n), like[:])
		must(t, err)
	})
}

// app makes tables, and a user whose rights the statements give. It returns the owner's store and the user's pool.
func (k Kind) app(t *testing.T, statements []string) (*Box, *sql.DB) {
	t.Helper()
	s := k.Start(t)
	database := s.Create(t)
	b := NewBox(t, s.Open(t, database), k.Dialect)
	must(t, b.Prepare(t.Context()))
	for _, text := range statements {
		_, err := b.DB.Exec(text)
		must(t, err)
	}
	return b, k.open(t, s.DSNOf("app", database))
}

// open opens a pool until the test ends.
func (k Kind) open(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(k.Driver, dsn)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}
