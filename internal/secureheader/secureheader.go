// Package secureheader sets the response headers by which browsers protect a page (ASVS 3.4).
package secureheader

import "net/http"

// Page protects one page: no other site frames it, learns its address from a link, or has its type guessed.
func Page(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")        // for browsers that do not know frame-ancestors
	h.Set("Referrer-Policy", "same-origin") // with no-referrer, browsers would send "Origin: null" with forms
}

// Site protects every answer of a site that stands alone. policy is its Content-Security-Policy.
func Site(policy string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		Page(h)
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
