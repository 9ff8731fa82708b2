package gate

import (
	"net/http"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/route"
	"coatcheck.dev/csrf"
	"coatcheck.dev/session"
)

// askForTokens asks those requests for a token that tell nothing of where they come from; the others have been judged
// before the session was looked up. Who has the ticket in a header sends it on no other site's behalf.
func (g *Gate) askForTokens(next http.Handler) http.Handler {
	if g.tokens == nil {
		return next
	}
	guarded := g.tokens.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told := r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != ""
		if safe := r.Method == http.MethodGet || r.Method == http.MethodHead; route.Bearer(r) || told && !safe {
			next.ServeHTTP(w, r)
			return
		}
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = newClientBody(w, r.Body, g.opts.BodyTimeout) // the token may have to be found in it
		}
		guarded.ServeHTTP(w, r)
	})
}

// formToken returns a token for the forms of the page that answers the request, and nothing if its client needs none.
// Only who asks for a page is given one, because the answer may be kept by nobody then.
func formToken(r *http.Request, s *session.Session) string {
	if s == nil || route.Bearer(r) || !strings.Contains(strings.ToLower(r.Header.Get("Accept")), "text/html") {
		return ""
	}
	return csrf.Token(r)
}
