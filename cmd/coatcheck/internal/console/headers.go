package console

import (
	"net/http"

	"coatcheck.dev/internal/secureheader"
)

// policy allows what the pages load from the console itself, and nothing else. Trusted types without a policy mean
// that no script can turn text into markup, even by mistake.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// withHeaders sets the headers of every answer. Nothing here may be kept by a cache.
func withHeaders(next http.Handler) http.Handler {
	return secureheader.Site(policy, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	}))
}
