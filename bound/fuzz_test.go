package bound_test

import (
	"net/http"
	"testing"

	"coatcheck.dev/bound"
)

// Whatever the headers of a refresh are, nothing panics, and nobody without the key has a bound cookie.
func FuzzRefreshHeaders(f *testing.F) {
	s := newSite(f, bound.Options{Grace: -1})
	b := s.bound("ada")
	valid := b.proof(&forgery{
		algorithm: "ES256", key: b.copied().key, typ: "dbsc+jwt", claims: map[string]any{"jti": b.sign},
	})
	f.Add(b.id, valid, `server_error;session_identifier="x"`)
	f.Add(`"`+b.id+`"`, `"`+valid+`"`, "")
	f.Add("", "", "((")
	f.Fuzz(func(t *testing.T, id, proof, skipped string) {
		s.t = t
		thief := b.copied()
		a := thief.send("POST", prefix+"refresh", http.Header{
			"Sec-Secure-Session-Id": {id}, "Secure-Session-Response": {proof}, "Secure-Session-Skipped": {skipped},
		}, nil)
		if a.setsBound() || a.status >= 500 {
			t.Errorf("answer %d %v", a.status, a.header)
		}
		delete(thief.cookies, boundCookie)
		if a := thief.send("GET", "/", http.Header{"Secure-Session-Skipped": {skipped}}, nil); a.body == "ada" {
			t.Error("it is let in without a bound cookie")
		}
	})
}

// Whatever the headers of a registration are, nothing panics, and no key is taken that was not offered.
func FuzzRegistrationHeaders(f *testing.F) {
	s := newSite(f, bound.Options{})
	b := s.browser()
	b.signIn("ada")
	f.Add(b.proof(&forgery{
		algorithm: "ES256", key: b.key, embed: true, typ: "dbsc+jwt", claims: map[string]any{"jti": "c"},
	}))
	f.Add(`""`)
	f.Fuzz(func(t *testing.T, proof string) {
		s.t = t
		a := b.send("POST", b.offer.path, http.Header{"Secure-Session-Response": {proof}}, nil)
		if a.setsBound() || a.status != http.StatusUnauthorized {
			t.Errorf("answer %d %v", a.status, a.header)
		}
	})
}
