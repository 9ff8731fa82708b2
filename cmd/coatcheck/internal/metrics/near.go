package metrics

import (
	"coatcheck.dev/store/near"
	"github.com/prometheus/client_golang/prometheus"
)

// cacheCollector collects the counters of a cache in front of the store.
type cacheCollector struct{ stats func() near.Stats }

var (
	nearReads = nearDesc("coatcheck_near_reads_total",
		"Reads by what answered them: a cached session, a known absence, a load or a shared load.", "by")
	nearLease   = nearDesc("coatcheck_near_lease_reads_total", "Reads answered from memory while the feed was down.")
	nearRefused = nearDesc("coatcheck_near_refused_total",
		"Cached sessions that were not believed because their lease was over.")
	nearLagged = nearDesc("coatcheck_near_lagged_total",
		"Answers of the store that were older than what it had told before.")
	nearEvicted = nearDesc("coatcheck_near_evictions_total", "Cached sessions that made room for others.")
	nearEntries = nearDesc("coatcheck_near_sessions", "Cached sessions.")
	nearBytes   = nearDesc("coatcheck_near_bytes", "Estimated memory of the cached sessions.")
	nearFeedUp  = nearDesc("coatcheck_near_feed_up", "Whether the store's feed is heard: 1 or 0.")
	nearFeedLag = nearDesc("coatcheck_near_feed_lag_seconds",
		"Time for which the feed has not proved that it told everything: "+
			"a session cannot outlive its end on another node for longer.")
	clockSkew = nearDesc("coatcheck_clock_skew_seconds",
		"How far this machine's clock is ahead of that of the store's server.")
)

func nearDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// WatchNear adds the counters of a cache in front of the store. It is called once.
func (m *Metrics) WatchNear(stats func() near.Stats) { m.registry.MustRegister(cacheCollector{stats}) }

// Describe implements prometheus.Collector.
func (c cacheCollector) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, to) }

// Collect implements prometheus.Collector.
func (c cacheCollector) Collect(to chan<- prometheus.Metric) {
	s := c.stats()
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
	gauge(clockSkew, s.ClockSkew.Seconds())
}
