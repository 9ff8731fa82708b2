package token

import (
	"context"
	"net/http"
	"strings"

	"coatcheck.dev/internal/wrapped"
)

type contextKey struct{}

// Require lets only requests with a good token in "Authorization: Bearer" through to next, which finds its claims with
// [From]. Others get 401 (RFC 6750, section 3), and 503 if the keys cannot be had.
func (v *Verifier) Require(next http.Handler) http.Handler {
	wrapped.MustBe(next, "token: Require")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var claims Claims
		var ok bool
		var err error
		text, there := bearer(r)
		if there {
			claims, ok, err = v.Verify(text)
		}
		if ok {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, claims)))
			return
		}
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		switch {
		case err != nil:
			header.Set("Retry-After", "10")
			http.Error(w, "The token cannot be verified now.", http.StatusServiceUnavailable)
		case there:
			header.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			http.Error(w, "This token is not good, or not any more. Please get a new one.", http.StatusUnauthorized)
		default:
			header.Set("WWW-Authenticate", "Bearer")
			http.Error(w, "A token is needed.", http.StatusUnauthorized)
		}
	})
}

// From returns the claims of the request that ctx belongs to, behind [Verifier.Require].
func From(ctx context.Context) (Claims, bool) {
	claims, ok := ctx.Value(contextKey{}).(Claims)
	return claims, ok
}

// bearer returns the one token of a request.
func bearer(r *http.Request) (text string, ok bool) {
	values := r.Header["Authorization"]
	if len(values) != 1 {
		return "", false
	}
	scheme, text, ok := strings.Cut(values[0], " ")
	return text, ok && strings.EqualFold(scheme, "Bearer")
}
