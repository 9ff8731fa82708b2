package postgres

import (
	"testing"

	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/servers"
)

func BenchmarkLoad(b *testing.B) {
	servers.BenchmarkLoad(b, postgres.Start(b), sqlstore.PostgreSQL,
		`SELECT version, last_seen, body FROM coatcheck_sessions WHERE id = $1`)
}
