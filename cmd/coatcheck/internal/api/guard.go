package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"coatcheck.dev/session"
)

// A guard lets those through who may use the API.
type guard struct {
	enabled  bool // whether there is a token
	token    [sha256.Size]byte
	signedIn func(*http.Request) bool
}

func newGuard(o Options) guard {
	return guard{enabled: o.Token != "", token: sha256.Sum256([]byte(o.Token)), signedIn: o.SignedIn}
}

// handler answers 401 as RFC 6750, section 3, has it: the challenge names an error only if a token was sent.
func (g guard) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, sent := bearer(r)
		switch {
		case sent && g.accepts(token):
			next.ServeHTTP(w, r.WithContext(session.WithActor(r.Context(), "api", "by token")))
		case sent:
			w.Header().Set("WWW-Authenticate", `Bearer realm="coatcheck", error="invalid_token"`)
			wrongToken.write(w)
		case g.signedIn(r):
			next.ServeHTTP(w, r.WithContext(session.WithActor(r.Context(), "api", "by console session")))
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="coatcheck"`)
			noToken.write(w)
		}
	})
}

// accepts compares hashes, so that the time it takes tells nothing of the token, its length included.
func (g guard) accepts(token string) bool {
	hash := sha256.Sum256([]byte(token))
	return g.enabled && subtle.ConstantTimeCompare(hash[:], g.token[:]) == 1
}

// bearer returns the token that a request presents. Several Authorization headers are one wrong token: no two readers
// agree on which of them counts.
func bearer(r *http.Request) (token string, sent bool) {
	lines := r.Header["Authorization"]
	if len(lines) > 1 {
		return "", true
	}
	if len(lines) == 0 {
		return "", false
	}
	scheme, token, _ := strings.Cut(lines[0], " ")
	return strings.TrimLeft(token, " "), strings.EqualFold(scheme, "Bearer")
}
