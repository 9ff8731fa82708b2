package mariadb

import (
	"testing"

	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/servers"
)

func BenchmarkLoad(b *testing.B) {
	servers.BenchmarkLoad(b, mariadb.Start(b), sqlstore.MySQL,
		`SELECT version, last_seen, body FROM coatcheck_sessions WHERE id = ?`, "interpolateParams=true")
}
