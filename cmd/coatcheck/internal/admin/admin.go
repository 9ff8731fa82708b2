// Package admin puts together what answers on the console's port: the pages of package console and, beside them,
// package api with its health checks and metrics.
package admin

import (
	"net/http"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/cmd/coatcheck/internal/console"
)

// New returns the handler of the port. Whoever is signed in at the console may use the API without a token, as far as
// their role goes.
func New(c *console.Console, o api.Options) http.Handler {
	o.SignedIn = c.Current
	rest := api.New(o)
	mux := http.NewServeMux()
	mux.Handle("/", c.Pages())
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		mux.Handle(path, rest)
	}
	return c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			rest.ServeHTTP(w, r) // which redirects nobody, as a mux would
			return
		}
		mux.ServeHTTP(w, r)
	}))
}
