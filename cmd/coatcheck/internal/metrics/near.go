package metrics

import (
	"coatcheck.dev/store/near"
	"github.com/prometheus/client_golang/prometheus"
)

// A nearness tells what a cache in front of the store does.
type nearness struct{ stats func() near.Stats }

var (
	nearReads = prometheus.NewDesc("coatcheck_near_reads_total",
		"Reads by what answered them: a session near, the knowledge that there is none, a load of the store, or one shared with another read.", []string{"by"}, nil)
	nearLease   = prometheus.NewDesc("coatcheck_near_lease_reads_total", "Reads answered from memory while the feed was down.", nil, nil)
	nearRefused = prometheus.NewDesc("coatcheck_near_refused_total", "Sessions near that were not believed, as their lease was over.", nil, nil)
	nearLagged  = prometheus.NewDesc("coatcheck_near_lagged_total", "Answers of the store that were older than what it had told before.", nil, nil)
	nearEvicted = prometheus.NewDesc("coatcheck_near_evictions_total", "Sessions that made room for others.", nil, nil)
	nearEntries = prometheus.NewDesc("coatcheck_near_sessions", "Sessions near.", nil, nil)
	nearBytes   = prometheus.NewDesc("coatcheck_near_bytes", "What they take, as estimated.", nil, nil)
	nearFeedUp  = prometheus.NewDesc("coatcheck_near_feed_up", "Whether the store's feed is heard: 1 or 0.", nil, nil)
	nearFeedLag = prometheus.NewDesc("coatcheck_near_feed_lag_seconds",
		"Time since the last moment for which the feed has proved that it told everything; a session that was ended elsewhere lives on no longer.", nil, nil)
)

// WatchNear adds what a cache in front of the store can tell. It is called once.
func (m *Metrics) WatchNear(stats func() near.Stats) { m.registry.MustRegister(nearness{stats}) }

// Describe implements prometheus.Collector.
func (n nearness) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(n, to) }

// Collect implements prometheus.Collector.
func (n nearness) Collect(to chan<- prometheus.Metric) {
	s := n.stats()
	count := func(desc *prometheus.Desc, n uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(desc *prometheus.Desc, n float64) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, n)
	}
	count(nearReads, s.Hits, "session")
	count(nearReads, s.NegativeHits, "none")
	count(nearReads, s.Loads, "load")
	count(nearReads, s.SharedLoads, "shared")
	count(nearLease, s.LeaseHits)
	count(nearRefused, s.Refused)
	count(nearLagged, s.Lagged)
	count(nearEvicted, s.Evictions)
	gauge(nearEntries, float64(s.Entries))
	gauge(nearBytes, float64(s.Bytes))
	up := 0.0
	if s.FeedUp {
		up = 1
	}
	gauge(nearFeedUp, up)
	gauge(nearFeedLag, s.FeedLag.Seconds())
}
