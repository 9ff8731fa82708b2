package bench

import (
	"context"
	"database/sql"
	"testing"

	"github.com/alexedwards/scs/postgresstore"

	sqlstore "coatcheck.dev/store/sql"
)

// BenchmarkPostgresMiss reads a session that this node has not in memory, one after the other, through database/sql
// and pgx. Coatcheck has its cache in front, whose lease is over each time; select looks up a row of as many bytes by
// its primary key, through a pool of the same settings, and nothing around it.
func BenchmarkPostgresMiss(b *testing.B) {
	dsn := startPostgres(b)
	b.Run("select", func(b *testing.B) {
		db := openPostgres(b, dsn)
		_, err := db.Exec(`CREATE TABLE IF NOT EXISTS raw (id bytea PRIMARY KEY, body bytea NOT NULL)`)
		must(err)
		id := make([]byte, 16)
		_, err = db.Exec(`INSERT INTO raw VALUES ($1, $2) ON CONFLICT DO NOTHING`, id, make([]byte, recordSize))
		must(err)
		b.ReportAllocs()
		for b.Loop() {
			bounded(func(ctx context.Context) {
				var body []byte
				must(db.QueryRowContext(ctx, `SELECT body FROM raw WHERE id = $1`, id).Scan(&body))
			})
		}
	})
	b.Run("coatcheck", func(b *testing.B) {
		benchTrips(b, forgetfulSite(b, sqlstore.New(openPostgres(b, dsn), sqlstore.PostgreSQL)), readUser)
	})
	b.Run("scs", func(b *testing.B) {
		db := openPostgres(b, dsn)
		_, err := db.Exec(`CREATE TABLE IF NOT EXISTS sessions (
				token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL);
			CREATE INDEX IF NOT EXISTS sessions_expiry_idx ON sessions (expiry)`)
		must(err)
		benchTrips(b, scsSite(postgresstore.NewWithCleanupInterval(db, 0), 0), readUser)
	})
}

func openPostgres(b *testing.B, dsn string) *sql.DB {
	db, err := sql.Open("pgx", dsn)
	must(err)
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	b.Cleanup(func() { db.Close() })
	return db
}
