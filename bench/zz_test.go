package bench

import (
	"context"
	"fmt"
	"net/http"
	"sort"
	"testing"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
	sqlstore "coatcheck.dev/store/sql"
)

func BenchmarkZZ(b *testing.B) {
	dsn := startPostgres(b)
	db := openPostgres(b, dsn)
	_, err := db.Exec(`CREATE TABLE IF NOT EXISTS raw (id bytea PRIMARY KEY, body bytea NOT NULL)`)
	must(err)
	id := make([]byte, 16)
	_, err = db.Exec(`INSERT INTO raw VALUES ($1, $2) ON CONFLICT DO NOTHING`, id, make([]byte, recordSize))
	must(err)
	st := sqlstore.New(db, sqlstore.PostgreSQL)
	mk := func(s store.Store) (func(), store.ID) {
		si := coatcheckSite(s)
		r := request(si.signedIn(user, true))
		w := &nullWriter{h: make(http.Header)}
		var h session.Handle
		hd := si.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h = session.From(r.Context()).Handle(); si.user(r) }))
		hd.ServeHTTP(w, r)
		return func() { clear(w.h); hd.ServeHTTP(w, r) }, h
	}
	plain, h := mk(st)
	nr := near.New(st, near.Options{Lease: 1})
	full, h2 := mk(nr)
	_ = h2
	v := []struct {
		name string
		f    func()
	}{
		{"raw", func() {
			bounded(func(ctx context.Context) {
				var body []byte
				must(db.QueryRowContext(ctx, `SELECT body FROM raw WHERE id = $1`, id).Scan(&body))
			})
		}},
		{"pause5+raw", func() {
			for t := time.Now(); time.Since(t) < 5*time.Microsecond; {
			}
			bounded(func(ctx context.Context) {
				var body []byte
				must(db.QueryRowContext(ctx, `SELECT body FROM raw WHERE id = $1`, id).Scan(&body))
			})
		}},
		{"pause15+raw", func() {
			for t := time.Now(); time.Since(t) < 15*time.Microsecond; {
			}
			bounded(func(ctx context.Context) {
				var body []byte
				must(db.QueryRowContext(ctx, `SELECT body FROM raw WHERE id = $1`, id).Scan(&body))
			})
		}},
		{"load", func() { bounded(func(ctx context.Context) { _, err := st.Load(ctx, h); must(err) }) }},
		{"near", func() { bounded(func(ctx context.Context) { _, err := nr.Load(ctx, h2); must(err) }) }},
		{"site", plain},
		{"site+near", full},
	}
	times := make([][]float64, len(v))
	for range 12 {
		for i := range v {
			t := time.Now()
			for range 3000 {
				v[i].f()
			}
			times[i] = append(times[i], float64(time.Since(t).Microseconds())/3000)
		}
	}
	for i := range v {
		sort.Float64s(times[i])
		fmt.Printf("%-10s min %.1f q1 %.1f med %.1f q3 %.1f\n", v[i].name, times[i][0], times[i][3], times[i][6], times[i][9])
	}
}
