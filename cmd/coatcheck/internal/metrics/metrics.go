package metrics

import (
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"coatcheck.dev/session"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are what one program counts. Its methods may be called from any number of goroutines.
type Metrics struct {
	registry    *prometheus.Registry
	events      *prometheus.CounterVec
	storeErrors prometheus.Counter
}

// New returns metrics of a program of this version. Give Observe to the session manager's options, and the manager to
// Watch.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "coatcheck_session_events_total",
			Help: "Events of sessions by kind, in the words of the OWASP logging vocabulary.",
		}, []string{"kind"}),
		storeErrors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "coatcheck_store_errors_total",
			Help: "Calls to the session store that failed, or were not made since it fails.",
		}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "coatcheck_build_info",
		Help:        "Which build this is; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.events, m.storeErrors, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, kind := range kinds {
		m.events.WithLabelValues(string(kind))
	}
	return m
}

// Observe counts an event. It is a session.Observer.
func (m *Metrics) Observe(e session.Event) {
	n := 1
	switch e.Kind {
	case session.EventTouched, session.EventExpired, session.EventConflict:
		n = max(e.Count, 1)
	case session.EventStoreError:
		m.storeErrors.Inc()
	}
	m.events.WithLabelValues(string(e.Kind)).Add(float64(n))
}

// Watch adds what the manager can tell. It is called once.
func (m *Metrics) Watch(sessions *session.Manager) {
	m.registry.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "coatcheck_session_events_lost_total",
			Help: "Events that did not reach an observer, as it was too slow.",
		}, func() float64 { return float64(sessions.EventsLost()) }),
		&population{count: sessions.Count},
	)
}

// Handler answers a scrape. It does not ask who asks: whoever mounts it has to.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandling:       promhttp.ContinueOnError, // what can be told is told
		MaxRequestsInFlight: 4,
		Timeout:             10 * time.Second,
	})
}
