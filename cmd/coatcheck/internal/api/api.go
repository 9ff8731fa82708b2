package api

import (
	"context"
	"net/http"

	"coatcheck.dev/csrf"
	"coatcheck.dev/session"
)

// Options say whose sessions the API serves, and to whom.
type Options struct {
	// Sessions has the sessions that are listed and ended.
	Sessions *session.Manager

	// Token is what callers present. If it is empty no token is accepted.
	Token string

	// SignedIn reports whether a caller without a token has proved in another way that they may use the API, such as by
	// the console's session. The default is that nobody has.
	SignedIn func(*http.Request) bool

	// Closing is done when the program is about to stop. From then on it is not ready. The default is never.
	Closing context.Context

	// Metrics answers /metrics, for the same callers as everything under /v1/. By default there is no such path.
	Metrics http.Handler
}

// New returns the handler of everything under /v1/, and of /healthz, /readyz and /metrics.
func New(o Options) http.Handler {
	if o.SignedIn == nil {
		o.SignedIn = func(*http.Request) bool { return false }
	}
	if o.Closing == nil {
		o.Closing = context.Background()
	}
	s := sessions{o.Sessions, o.Closing}
	v1 := http.NewServeMux()
	v1.Handle("/v1/sessions", methods{http.MethodGet: s.list, http.MethodDelete: s.endEverybody})
	v1.Handle("/v1/sessions/{handle}", methods{http.MethodDelete: withoutQuery(s.end)})
	v1.Handle("/v1/users/{user}/sessions", methods{http.MethodDelete: withoutQuery(s.endUser)})
	v1.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { noPath.write(w) })

	sameOrigin := csrf.New(csrf.Options{
		Events: o.Sessions.Options().Events,
		Denied: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { crossOrigin.write(w) }),
	})

	who := newAuth(o)
	mux := http.NewServeMux()
	mux.Handle("/", sameOrigin.Handler(who.require(v1)))
	mux.Handle("/healthz", methods{http.MethodGet: alive})
	mux.Handle("/readyz", methods{http.MethodGet: s.ready})
	if o.Metrics != nil {
		mux.Handle("/metrics", who.require(methods{http.MethodGet: o.Metrics.ServeHTTP}))
	}
	return mux
}
