package sqlite

import (
	"testing"

	"coatcheck.dev/store"
	"coatcheck.dev/test/internal/servers"
)

// A sign-in of a user with 100,001 sessions is a handful of statements, and so are the pages of a list of them although
// their bodies do not agree with the columns that the order is by.
//
// Rows: A43, I9
func TestSignInOverManySessions(t *testing.T) {
	t.Parallel()
	b := newBox(t, newFile(t))
	servers.Surplus(t, b.Store, func(like store.ID, n int) {
		b.mustExec(t, `WITH RECURSIVE series(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM series WHERE i < ?)
			INSERT INTO coatcheck_sessions (id, version, owner, created, last_seen, expires, idle, body)
			SELECT randomblob(16), version, owner, created - i, last_seen, expires, idle, body
			FROM series, coatcheck_sessions WHERE id = ?`, n, like[:])
	})
}
