package metrics

import (
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the counts of one program. Their methods may be called from any number of goroutines.
type Metrics struct {
	registry    *prometheus.Registry
	events      *prometheus.CounterVec
	storeErrors prometheus.Counter
}

// New returns metrics of a program of this version. Give Observe to the manager's queue of events, and the manager to
// Watch.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "coatcheck_session_events_total",
			Help: "Events by kind, in the words of the OWASP logging vocabulary.",
		}, []string{"kind"}),
		storeErrors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "coatcheck_store_errors_total",
			Help: "Calls of the session store that failed, or were not made because it fails.",
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
	for _, kind := range event.Kinds() {
		m.events.WithLabelValues(string(kind))
	}
	return m
}

// Observe counts an event. It is an [event.Observer].
func (m *Metrics) Observe(e event.Event) {
	n := 1
	switch e.Kind {
	case event.Touched, event.Expired, event.Conflict, event.UndeclaredCookie, event.UndeclaredKey,
		event.DifferentCookie, event.UnknownCookie:
		n = max(e.Count, 1)
	case event.StoreError:
		m.storeErrors.Inc()
	}
	m.events.WithLabelValues(string(e.Kind)).Add(float64(n))
}

// Watch adds what the manager and its queue of events can tell. It is called once.
func (m *Metrics) Watch(sessions *session.Manager) {
	m.registry.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "coatcheck_session_events_lost_total",
			Help: "Events that did not reach an observer because it was too slow.",
		}, func() float64 { return float64(sessions.Options().Events.Lost()) }),
		&population{count: sessions.Count},
	)
}

// WatchHistory adds what the history could not keep. It is called once.
func (m *Metrics) WatchHistory(lost func() uint64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "coatcheck_history_lost_total",
		Help: "Entries of the history that could not be kept.",
	}, func() float64 { return float64(lost()) }))
}

// WatchWAL adds the size of a database's write-ahead log. It is called once for each such store.
func (m *Metrics) WatchWAL(store string, bytes func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "coatcheck_store_wal_bytes",
		Help:        "Size of the write-ahead log; above 32 MB another program keeps it from being emptied.",
		ConstLabels: prometheus.Labels{"store": store},
	}, bytes))
}

// WatchDrift adds how often what sites keep was not as their inventories say. It is called once.
func (m *Metrics) WatchDrift(counts func() map[event.Kind]uint64) {
	for kind := range counts() {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name:        "coatcheck_state_drift_total",
			Help:        "Cookies and session keys that are not as the inventory says, by kind.",
			ConstLabels: prometheus.Labels{"kind": string(kind)},
		}, func() float64 { return float64(counts()[kind]) }))
	}
}

// Handler answers a scrape from anybody. Who may ask is decided by whoever mounts it.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandling:       promhttp.ContinueOnError, // one that fails hides no other
		MaxRequestsInFlight: 4,
		Timeout:             10 * time.Second,
	})
}
