// Package postgres checks package sqlstore against the real PostgreSQL.
package postgres

import (
	"database/sql"
	"testing"

	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/store/sql/pgxlisten"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/servers"
	"coatcheck.dev/test/internal/trial"
)

func newBox(t testing.TB, db *sql.DB, options ...sqlstore.Options) *servers.Box {
	t.Helper()
	return servers.NewBox(t, db, sqlstore.PostgreSQL, options...)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	pooler := server.Pool(t)
	for _, c := range []struct {
		name string
		rare bool
		open func(t *testing.T, database string) *servers.Box
	}{
		{"as the driver likes it, with a feed that listens", false, func(t *testing.T, database string) *servers.Box {
			return newBox(t, server.Open(t, database), sqlstore.Options{Listen: pgxlisten.DSN(server.DSN(database))})
		}},
		{"pooled per transaction, with a feed that looks", false, func(t *testing.T, database string) *servers.Box {
			return newBox(t, pooler.Open(t, database, "default_query_exec_mode=exec"))
		}},
		{"pooled, simple protocol", true, func(t *testing.T, database string) *servers.Box {
			return newBox(t, pooler.Open(t, database, "default_query_exec_mode=simple_protocol"))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.rare && !trial.Torture() {
				t.Skip("like the one before; COATCHECK_TORTURE=1 runs it")
			}
			servers.Contract(t, server, `UPDATE coatcheck_sessions SET body = '\xff' WHERE id = $1`, c.open)
		})
	}
}
