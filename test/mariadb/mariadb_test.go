// Package mariadb checks package sqlstore against the real MariaDB.
package mariadb

import (
	"database/sql"
	"testing"

	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/servers"
)

func newBox(t testing.TB, db *sql.DB) *servers.Box {
	t.Helper()
	return servers.NewBox(t, db, sqlstore.MySQL)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		params []string
	}{
		{"as the driver likes it", nil},
		{"one round trip for a statement", []string{"interpolateParams=true", "clientFoundRows=true"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := mariadb.Start(t) // of its own, because the contract has it take no writes for a while
			servers.Contract(t, server, `UPDATE coatcheck_sessions SET body = x'ff' WHERE id = ?`,
				func(t *testing.T, database string) *servers.Box {
					return newBox(t, server.Open(t, database, c.params...))
				})
		})
	}
}
