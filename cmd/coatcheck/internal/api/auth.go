package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"coatcheck.dev/session"
)

// An auth knows who may use the API.
type auth struct {
	enabled  bool // whether there is a token
	token    [sha256.Size]byte
	signedIn func(*http.Request) bool
}

func newAuth(o Options) auth {
	return auth{enabled: o.Token != "", token: sha256.Sum256([]byte(o.Token)), signedIn: o.SignedIn}
}

// require answers everybody else with 401. The challenge names an error only if a token was sent (RFC 6750, section 3).
func (a auth) require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, sent := bearer(r)
		switch {
		case sent && a.accepts(token):
			next.ServeHTTP(w, r.WithContext(session.WithActor(r.Context(), "api", "by token")))
		case sent:
			w.Header().Set("WWW-Authenticate", `Bearer realm="coatcheck", error="invalid_token"`)
			wrongToken.write(w)
		case a.signedIn(r):
			next.ServeHTTP(w, r.WithContext(session.WithActor(r.Context(), "api", "by console session")))
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="coatcheck"`)
			noToken.write(w)
		}
	})
}

// accepts compares hashes, so that its time tells nothing of the token, its length included.
func (a auth) accepts(token string) bool {
	hash := sha256.Sum256([]byte(token))
	return a.enabled && subtle.ConstantTimeCompare(hash[:], a.token[:]) == 1
}

// bearer returns the token that a request presents. Several Authorization headers are one wrong token, because no two
// readers agree on which of them counts.
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
