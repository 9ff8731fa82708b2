package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"coatcheck.dev/cmd/coatcheck/internal/access"
)

// WatchRequests adds counts and times of the site's requests by route, and returns who is told of each. It is called
// once. Routes are those of the configuration, so there are no more of them than the operator has written.
func (m *Metrics) WatchRequests() func(access.Request) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "coatcheck_requests_total",
		Help: "Requests of the site by route and class of status; the route is empty for those that took none.",
	}, []string{"route", "class"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "coatcheck_request_seconds",
		Help:    "Time from a request's headers to the end of its answer, by route. WebSockets are not among them.",
		Buckets: []float64{.005, .025, .1, .5, 2.5, 10},
	}, []string{"route"})
	m.registry.MustRegister(requests, seconds)
	return func(r access.Request) {
		class := "none" // the handler panicked, or nobody was there to answer
		if 100 <= r.Status && r.Status <= 599 {
			class = strconv.Itoa(r.Status/100) + "xx"
		}
		requests.WithLabelValues(r.Route, class).Inc()
		if class != "1xx" {
			seconds.WithLabelValues(r.Route).Observe(r.Took.Seconds())
		}
	}
}
