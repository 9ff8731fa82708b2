package metrics

import "github.com/prometheus/client_golang/prometheus"

// WatchReloads adds how often the configuration was read again, and when it was last taken up, which is now. It returns
// who is told of each reload, with the error by which it was refused, and is called once.
func (m *Metrics) WatchReloads() func(error) {
	reloads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "coatcheck_config_reloads_total",
		Help: "Times that the configuration was read again, by outcome; the log says why one was refused.",
	}, []string{"outcome"})
	last := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "coatcheck_config_last_accepted_timestamp_seconds",
		Help: "When the configuration that counts was read.",
	})
	m.registry.MustRegister(reloads, last)
	accepted, refused := reloads.WithLabelValues("accepted"), reloads.WithLabelValues("refused")
	last.SetToCurrentTime()
	return func(err error) {
		if err != nil {
			refused.Inc()
			return
		}
		accepted.Inc()
		last.SetToCurrentTime()
	}
}
