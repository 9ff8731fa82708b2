package csrf

import (
	_ "embed"
	"io"
	"net/http"
)

//go:embed denied.html
var deniedHTML string

//go:embed outdated.html
var outdatedHTML string

// denied returns what answers a refused request.
func (g *Guard) denied(err error) http.Handler {
	switch {
	case g.opts.Denied != nil:
		return g.opts.Denied
	case isTokenError(err):
		return page(outdatedHTML)
	}
	return page(deniedHTML)
}

// A page is a whole HTML page.
type page string

func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy",
		"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusForbidden)
	if r.Method != http.MethodHead {
		io.WriteString(w, string(p))
	}
}
