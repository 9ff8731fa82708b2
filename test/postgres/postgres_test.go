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
	type open func(t *testing.T, database string) *servers.Box
	for _, c := range []struct {
		name string
		rare bool
		on   func(t *testing.T, server *postgres.Server) open
	}{
		{"as the driver likes it, with a feed that listens", false, func(_ *testing.T, s *postgres.Server) open {
			return func(t *testing.T, database string) *servers.Box {
				return newBox(t, s.Open(t, database), sqlstore.Options{Listen: pgxlisten.DSN(s.DSN(database))})
			}
		}},
		{"pooled per transaction, with a feed that looks", false, func(t *testing.T, s *postgres.Server) open {
			pooler := s.Pool(t)
			return func(t *testing.T, database string) *servers.Box {
				return newBox(t, pooler.Open(t, database, "default_query_exec_mode=exec"))
			}
		}},
		{"pooled, simple protocol", true, func(t *testing.T, s *postgres.Server) open {
			pooler := s.Pool(t)
			return func(t *testing.T, database string) *servers.Box {
				return newBox(t, pooler.Open(t, database, "default_query_exec_mode=simple_protocol"))
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.rare && !trial.Torture() {
				t.Skip("like the one before; COATCHECK_TORTURE=1 runs it")
			}
			server := postgres.Start(t) // of its own, because the contract has it take no writes for a while
			servers.Contract(t, server, `UPDATE coatcheck_sessions SET body = '\xff' WHERE id = $1`, c.on(t, server))
		})
	}
}
