package postgres

import (
	"testing"
	"time"

	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/test/internal/postgres"
)

// BenchmarkLoad compares a load with the least that anyone could do through the same pool: one SELECT by primary key.
func BenchmarkLoad(b *testing.B) {
	server := postgres.Start(b)
	db := server.Open(b, server.Create(b))
	st := sqlstore.New(db, sqlstore.PostgreSQL)
	r := mustCreate(b, st)
	limit := func() error {
		var version, seen int64
		var body []byte
		return db.QueryRowContext(b.Context(), "SELECT version, last_seen, body FROM coatcheck_sessions WHERE id = $1", r.ID[:]).Scan(&version, &seen, &body)
	}
	load := func() error { _, err := st.Load(b.Context(), r.ID); return err }
	for _, c := range []struct {
		name string
		do   func() error
	}{{"limit", limit}, {"coatcheck", load}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				must(b, c.do())
			}
		})
	}
	b.Run("in turn", func(b *testing.B) { // the machine's moods meet both alike
		var least, ours time.Duration
		for b.Loop() {
			began := time.Now()
			must(b, limit())
			between := time.Now()
			must(b, load())
			least, ours = least+between.Sub(began), ours+time.Since(between)
		}
		b.ReportMetric(float64(ours)/float64(least), "x-limit")
	})
}
