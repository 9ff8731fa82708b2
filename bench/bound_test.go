package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dunglas/httpsfv"
	"github.com/go-jose/go-jose/v4"

	"coatcheck.dev/bound"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// BenchmarkBoundRead is BenchmarkSessionRead for a session that is bound to its device: each request shows the bound
// cookie as well.
func BenchmarkBoundRead(b *testing.B) {
	b.Run("unbound", func(b *testing.B) { benchRead(b, coatcheckSite(memory.New())) })
	b.Run("coatcheck", func(b *testing.B) {
		m := session.New(memory.New(), session.Options{Guard: bound.New(bound.Options{})})
		b.Cleanup(func() { must(m.Close(context.Background())) })
		s := coatcheckOf(m)
		h := s.wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if s.user(r) != user {
				panic("not signed in")
			}
		}))
		serve(b, func() (http.Handler, string) { return h, boundCookies(s, h) })
	})
}

// boundCookies signs a user in, registers a key as a browser does, and returns the cookies that it sends from then on.
func boundCookies(s site, h http.Handler) string {
	w := newNullWriter()
	s.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.signIn(w, r, user, true) })).
		ServeHTTP(w, request(""))
	offer, err := httpsfv.UnmarshalList(w.h["Secure-Session-Registration"])
	must(err)
	params := offer[0].(httpsfv.InnerList).Params
	challenge, _ := params.Get("challenge")
	authorization, _ := params.Get("authorization")
	path, _ := params.Get("path")

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key},
		(&jose.SignerOptions{EmbedJWK: true}).WithType("dbsc+jwt"))
	must(err)
	claims, err := json.Marshal(map[string]any{"jti": challenge, "authorization": authorization})
	must(err)
	signed, err := signer.Sign(claims)
	must(err)
	proof, err := signed.CompactSerialize()
	must(err)

	cookies := "theme=dark; " + cookieOf(w)
	r := httptest.NewRequest("POST", path.(string), nil)
	r.Header.Set("Cookie", cookies)
	r.Header.Set("Secure-Session-Response", proof)
	w = newNullWriter()
	s.wrap(http.NotFoundHandler()).ServeHTTP(w, r)
	pair, _, _ := strings.Cut(w.h.Get("Set-Cookie"), ";")
	if pair == "" {
		panic("the key was not taken")
	}
	cookies += "; " + pair
	h.ServeHTTP(newNullWriter(), request(cookies)) // shows it for the first time
	return cookies
}
