package metrics

import (
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/index"
	"github.com/prometheus/client_golang/prometheus"
)

// indexCollector collects how far the index of sessions can be relied on.
type indexCollector struct{ status func() index.Status }

var (
	indexUp     = indexDesc("up", "Whether searches are answered: 1, or 0 while the index is made.")
	indexRows   = indexDesc("sessions", "Sessions in the index.")
	indexBehind = indexDesc("behind_seconds",
		"For how long the index may be missing changes: 0 while it hears of all of them.")
	indexMade   = indexDesc("made_total", "Files that were made: a new one, or one in place of a damaged one.")
	indexMended = indexDesc("mended_sessions",
		"Sessions that were missing or wrong in the index when all were compared with the store last.")
	indexChecked = indexDesc("checked_timestamp_seconds",
		"When all sessions had been compared with the store last, in Unix time.")
)

func indexDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("coatcheck_index_"+name, help, nil, nil)
}

// WatchIndex adds how far the index can be relied on. It is called once.
func (m *Metrics) WatchIndex(status func() index.Status) {
	m.registry.MustRegister(indexCollector{status})
}

// Describe implements [prometheus.Collector].
func (indexCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{indexUp, indexRows, indexBehind, indexMade, indexMended, indexChecked} {
		to <- d
	}
}

// Collect implements [prometheus.Collector]. What a check comes to is known after the first one.
func (c indexCollector) Collect(to chan<- prometheus.Metric) {
	s := c.status()
	gauge := func(d *prometheus.Desc, n float64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, n)
	}
	up, behind := 0.0, 0.0
	if s.Ready {
		up = 1
	}
	if !s.AsOf.IsZero() {
		behind = max(time.Since(s.AsOf).Seconds(), 0)
	}
	gauge(indexUp, up)
	gauge(indexRows, float64(s.Rows))
	gauge(indexBehind, behind)
	to <- prometheus.MustNewConstMetric(indexMade, prometheus.CounterValue, float64(s.Made))
	if !s.Checked.IsZero() {
		gauge(indexMended, float64(s.Mended))
		gauge(indexChecked, float64(s.Checked.UnixMicro())/1e6)
	}
}
