// Package admin puts together what answers on the console's port: the pages of package console and, beside them,
// package api with its health checks and metrics.
package admin

import (
	"net/http"

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
	for _, path := range []string{"/v1/", "/healthz", "/readyz", "/metrics"} {
		mux.Handle(path, rest)
	}
	return c.Handler(mux)
}
