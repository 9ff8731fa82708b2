package metrics

import (
	"coatcheck.dev/cmd/coatcheck/internal/webhook"
	"github.com/prometheus/client_golang/prometheus"
)

// pushCollector collects how the receivers of webhooks stand.
type pushCollector struct {
	statuses func() (all []webhook.Status, lost uint64)
}

var (
	pushWaiting   = pushDesc("coatcheck_webhook_waiting", "Messages that wait for a receiver.", "receiver")
	pushDead      = pushDesc("coatcheck_webhook_dead", "Messages that could not be delivered for too long.", "receiver")
	pushDelivered = pushDesc("coatcheck_webhook_delivered_total", "Messages that a receiver has taken.", "receiver")
	pushDropped   = pushDesc("coatcheck_webhook_dropped_total",
		"Messages that were dropped because too many waited for a receiver.", "receiver")
	pushUp   = pushDesc("coatcheck_webhook_up", "Whether a receiver takes what it is sent: 1 or 0.", "receiver")
	pushLost = pushDesc("coatcheck_webhook_lost_total", "Events that could not be written to the outbox.")
)

func pushDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// WatchWebhooks adds how the receivers of webhooks stand. It is called once.
func (m *Metrics) WatchWebhooks(statuses func() (all []webhook.Status, lost uint64)) {
	m.registry.MustRegister(pushCollector{statuses})
}

// Describe implements [prometheus.Collector]. There may be no receiver yet.
func (pushCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{pushWaiting, pushDead, pushDelivered, pushDropped, pushUp, pushLost} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (c pushCollector) Collect(to chan<- prometheus.Metric) {
	all, lost := c.statuses()
	to <- prometheus.MustNewConstMetric(pushLost, prometheus.CounterValue, float64(lost))
	for i := range all {
		s := &all[i]
		up := 1.0
		if !s.Off.IsZero() || !s.Failing.IsZero() {
			up = 0
		}
		for _, one := range []struct {
			desc *prometheus.Desc
			kind prometheus.ValueType
			n    float64
		}{
			{pushWaiting, prometheus.GaugeValue, float64(s.Waiting)},
			{pushDead, prometheus.GaugeValue, float64(s.Dead)},
			{pushDelivered, prometheus.CounterValue, float64(s.Delivered)},
			{pushDropped, prometheus.CounterValue, float64(s.Dropped)}, {pushUp, prometheus.GaugeValue, up},
		} {
			to <- prometheus.MustNewConstMetric(one.desc, one.kind, one.n, s.Name)
		}
	}
}
