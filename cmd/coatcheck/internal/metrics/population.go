package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// freshFor is how long a count is good. Counting may read a whole table.
const freshFor = 10 * time.Second

// A population collects the number of sessions. It counts at a scrape, and not again soon.
type population struct {
	count func(ctx context.Context, user string) (int, error)

	mu    sync.Mutex
	asked time.Time
	n     int
	known bool // whether the store answered last time
}

var sessionsDesc = prometheus.NewDesc("coatcheck_sessions",
	"Sessions in the store; expired ones count until they are swept.", nil, nil)

// Describe implements [prometheus.Collector].
func (p *population) Describe(descs chan<- *prometheus.Desc) { descs <- sessionsDesc }

// Collect implements [prometheus.Collector].
func (p *population) Collect(metrics chan<- prometheus.Metric) {
	if n, known := p.look(time.Now()); known {
		metrics <- prometheus.MustNewConstMetric(sessionsDesc, prometheus.GaugeValue, float64(n))
	}
}

// look holds the lock while it counts, so that concurrent scrapes count once. The manager bounds the time.
func (p *population) look(now time.Time) (n int, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked.IsZero() || now.Sub(p.asked) >= freshFor || now.Before(p.asked) {
		count, err := p.count(context.Background(), "")
		p.asked, p.n, p.known = now, count, err == nil
	}
	return p.n, p.known
}
