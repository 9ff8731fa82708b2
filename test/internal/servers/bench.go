package servers

import (
	"testing"
	"time"

	sqlstore "coatcheck.dev/store/sql"
)

// BenchmarkLoad compares a load with the least that anyone could do through the same pool: one SELECT by primary key,
// which is query.
func BenchmarkLoad(b *testing.B, s Server, d sqlstore.Dialect, query string, params ...string) {
	st := NewBox(b, s.Open(b, s.Create(b), params...), d)
	r := st.MustCreate(b)
	limit := func() error {
		var version, seen int64
		var body []byte
		return st.DB.QueryRowContext(b.Context(), query, r.ID[:]).Scan(&version, &seen, &body)
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
