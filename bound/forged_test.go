package bound_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"coatcheck.dev/bound"
	"coatcheck.dev/event"
)

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Skipf("this build makes no RSA key of %d bits: %v", bits, err)
	}
	return key
}

func ecKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// unsigned is a proof with alg none.
func unsigned(proof string) string {
	parts := strings.Split(proof, ".")
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"dbsc+jwt"}`))
	return header + "." + parts[1] + "."
}

// flipped is a proof with one character of a part changed.
func flipped(part int) func(string) string {
	return func(proof string) string {
		parts := strings.Split(proof, ".")
		b := []byte(parts[part])
		if at := len(b) / 2; b[at] == 'A' {
			b[at] = 'B'
		} else {
			b[at] = 'A'
		}
		parts[part] = string(b)
		return strings.Join(parts, ".")
	}
}

// Requests that no browser sends are refused, all with the same answer and each with one event; the session goes on.
//
// Rows: D5, N8
func TestForgedRefreshes(t *testing.T) {
	big, small := rsaKey(t, 2048), ecKey(t, elliptic.P384())
	for _, c := range []struct {
		name   string
		kind   event.Kind
		change func(b *browser, f *forgery)
	}{
		{"no session is named", event.ProofRefused, func(_ *browser, f *forgery) {
			f.header.Del("Sec-Secure-Session-Id")
		}},
		{"two sessions are named", event.ProofRefused, func(b *browser, f *forgery) {
			f.header["Sec-Secure-Session-Id"] = []string{b.id, b.id}
		}},
		{"the name is too long", event.ProofRefused, func(_ *browser, f *forgery) {
			f.header.Set("Sec-Secure-Session-Id", strings.Repeat("a", 65))
		}},
		{"the name is none", event.ProofRefused, func(_ *browser, f *forgery) {
			f.header.Set("Sec-Secure-Session-Id", "sess1")
		}},
		{"the name is broken", event.ProofRefused, func(_ *browser, f *forgery) {
			f.header.Set("Sec-Secure-Session-Id", `"sess`)
		}},
		{"another session is named", event.ProofRefused, func(b *browser, f *forgery) {
			f.header.Set("Sec-Secure-Session-Id", b.site.bound("eve").id)
		}},
		{"another session's key and name", event.ProofRefused, func(b *browser, f *forgery) {
			eve := b.site.bound("eve")
			f.header.Set("Sec-Secure-Session-Id", eve.id)
			f.key, f.claims["jti"] = eve.key, eve.sign
		}},
		{"two proofs", event.ProofRefused, func(_ *browser, f *forgery) {
			f.header["Secure-Session-Response"] = []string{"again"}
		}},
		{"an oversized proof", event.ProofRefused, func(_ *browser, f *forgery) {
			f.claims["padding"] = strings.Repeat("a", 4096)
		}},
		{"no proof at all", event.ProofRefused, func(_ *browser, f *forgery) {
			f.raw = func(string) string { return `""` }
		}},
		{"a broken string", event.ProofRefused, func(_ *browser, f *forgery) {
			f.raw = func(proof string) string { return `"` + proof }
		}},
		{"two parts", event.ProofRefused, func(_ *browser, f *forgery) {
			f.raw = func(proof string) string { return proof[:strings.LastIndexByte(proof, '.')] }
		}},
		{"tampered header", event.ProofRefused, func(_ *browser, f *forgery) { f.raw = flipped(0) }},
		{"tampered payload", event.Theft, func(_ *browser, f *forgery) { f.raw = flipped(1) }},
		{"tampered signature", event.Theft, func(_ *browser, f *forgery) { f.raw = flipped(2) }},
		{"another key", event.Theft, func(b *browser, f *forgery) { f.key = b.site.browser().key }},
		{"a key inside", event.Theft, func(_ *browser, f *forgery) { f.embed = true }},
		{"another key inside", event.Theft, func(b *browser, f *forgery) {
			f.key, f.embed = b.site.browser().key, true
		}},
		{"alg none", event.ProofRefused, func(_ *browser, f *forgery) { f.raw = unsigned }},
		{"alg HS256", event.ProofRefused, func(b *browser, f *forgery) {
			public, _ := x509.MarshalPKIXPublicKey(&b.key.PublicKey)
			f.algorithm, f.key = jose.HS256, public
		}},
		{"alg ES384", event.ProofRefused, func(_ *browser, f *forgery) { f.algorithm, f.key = jose.ES384, small }},
		{"alg RS256", event.Theft, func(_ *browser, f *forgery) { f.algorithm, f.key = jose.RS256, big }},
		{"another type", event.ProofRefused, func(_ *browser, f *forgery) { f.typ = "JWT" }},
		{"no challenge", event.ProofRefused, func(_ *browser, f *forgery) { delete(f.claims, "jti") }},
		{"a challenge that is no text", event.ProofRefused, func(_ *browser, f *forgery) { f.claims["jti"] = 1 }},
		{"for another site", event.ProofRefused, func(_ *browser, f *forgery) {
			f.claims["aud"] = "https://evil.test" + prefix + "refresh"
		}},
		{"for another address", event.ProofRefused, func(_ *browser, f *forgery) {
			f.claims["aud"] = origin + prefix + "register"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, bound.Options{})
			b := s.bound("ada")
			sign := b.sign
			s.heard()
			a := b.refresh(func(f *forgery) { c.change(b, f); s.heard() })
			if a.status != http.StatusUnauthorized || a.body != "This proof is no good.\n" || a.setsBound() {
				t.Errorf("answer %d %q, a bound cookie %v", a.status, a.body, a.setsBound())
			}
			if told := s.heard(refusals...); len(told) != 1 || told[0].Kind != c.kind || told[0].Reason == "" {
				t.Errorf("heard %+v, want one %s", told, c.kind)
			}
			b.sign = sign
			if a := b.refresh(nil); a.status != http.StatusOK || !a.setsBound() {
				t.Errorf("then the browser's own refresh has %d %q", a.status, a.body)
			}
		})
	}
}

// Registrations that are not the answer to the session's own offer are refused, with one answer and one event each.
//
// Rows: D10
func TestForgedRegistrations(t *testing.T) {
	weak, big, other := rsaKey(t, 1024), rsaKey(t, 2048), ecKey(t, elliptic.P384())
	for _, c := range []struct {
		name   string
		change func(b *browser, f *forgery)
	}{
		{"no key", func(_ *browser, f *forgery) { f.embed = false }},
		{"RSA 1024", func(_ *browser, f *forgery) { f.algorithm, f.key = jose.RS256, weak }},
		{"PS256", func(_ *browser, f *forgery) { f.algorithm, f.key = jose.PS256, big }},
		{"P-384", func(_ *browser, f *forgery) { f.algorithm, f.key = jose.ES384, other }},
		{"alg none", func(_ *browser, f *forgery) { f.raw = unsigned }},
		{"alg HS256", func(_ *browser, f *forgery) {
			f.algorithm, f.key, f.embed = jose.HS256, []byte("0123456789abcdef0123456789abcdef"), false
		}},
		{"tampered payload", func(_ *browser, f *forgery) { f.raw = flipped(1) }},
		{"tampered signature", func(_ *browser, f *forgery) { f.raw = flipped(2) }},
		{"another challenge", func(_ *browser, f *forgery) { f.claims["jti"] = "c" }},
		{"another authorization", func(_ *browser, f *forgery) { f.claims["authorization"] = "a" }},
		{"no authorization", func(_ *browser, f *forgery) { delete(f.claims, "authorization") }},
		{"another type", func(_ *browser, f *forgery) { f.typ = "JWT" }},
		{"for another site", func(_ *browser, f *forgery) { f.claims["aud"] = "https://evil.test" + f.path }},
		{"two proofs", func(_ *browser, f *forgery) { f.header["Secure-Session-Response"] = []string{"again"} }},
		{"no proof", func(_ *browser, f *forgery) { f.raw = func(string) string { return "" } }},
		{"oversized", func(_ *browser, f *forgery) { f.claims["padding"] = strings.Repeat("a", 4096) }},
		{"without a ticket", func(_ *browser, f *forgery) { f.cookies = false }},
		{"another session's offer", func(b *browser, f *forgery) {
			eve := b.site.browser()
			eve.signIn("eve")
			f.claims["jti"], f.claims["authorization"] = eve.offer.challenge, eve.offer.authorization
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, bound.Options{})
			b := s.browser()
			b.signIn("ada")
			a := b.register(func(f *forgery) { c.change(b, f); s.heard() })
			if a.status != http.StatusUnauthorized || a.body != "This proof is no good.\n" || a.setsBound() {
				t.Errorf("answer %d %q, a bound cookie %v", a.status, a.body, a.setsBound())
			}
			if told := s.heard(refusals...); len(told) != 1 || told[0].Kind != event.ProofRefused {
				t.Errorf("heard %+v, want one", told)
			}
			if a := b.register(nil); a.status != http.StatusOK || !a.setsBound() {
				t.Errorf("then the browser's own registration has %d %q", a.status, a.body)
			}
		})
	}
}

// An offer is good once, and for five minutes.
//
// Rows: D10
func TestAnOfferIsGoodOnce(t *testing.T) {
	s := newSite(t, bound.Options{})
	b := s.bound("ada")
	thief := b.copied()
	if a := thief.register(nil); a.status != http.StatusUnauthorized {
		t.Errorf("a second registration has %d", a.status)
	}
	synctest.Test(t, func(t *testing.T) {
		late := newSite(t, bound.Options{}).browser()
		late.signIn("ada")
		time.Sleep(5 * time.Minute)
		if a := late.register(nil); a.status != http.StatusUnauthorized {
			t.Errorf("a registration after 5 minutes has %d", a.status)
		}
	})
}

// A proof is good once. One that comes again is asked for another, because the answer to the first may be lost; whoever
// has only a copy of it cannot sign that.
//
// Rows: D2, D5
func TestAProofIsGoodOnce(t *testing.T) {
	s := newSite(t, bound.Options{})
	b := s.bound("ada")
	var copied string
	keep := func(f *forgery) { f.raw = func(proof string) string { copied = proof; return proof } }
	if a := b.refresh(keep); a.status != http.StatusOK {
		t.Fatalf("refresh: %d", a.status)
	}
	s.heard()
	replay := func(f *forgery) { f.raw = func(string) string { return copied } }
	a := b.refresh(replay)
	if a.status != http.StatusForbidden || a.setsBound() || a.header.Get("Secure-Session-Challenge") == "" {
		t.Errorf("replayed: %d, a bound cookie %v, %v", a.status, a.setsBound(), a.header)
	}
	if told := s.heard(refusals...); len(told) != 1 || told[0].Kind != event.ProofRefused {
		t.Errorf("heard %+v, want one", told)
	}
	if a := b.refresh(nil); a.status != http.StatusOK || !a.setsBound() {
		t.Errorf("the new challenge, signed: %d", a.status)
	}
}

// Both forms of a header are read: a bare text, as Chromium sends it, and a string, as the draft has it.
func TestBothForms(t *testing.T) {
	for name, quote := range map[string]func(string) string{
		"bare":          func(s string) string { return s },
		"string":        func(s string) string { return `"` + s + `"` },
		"with a member": func(s string) string { return `"` + s + `";x=1` },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, bound.Options{})
			b := s.browser()
			b.signIn("ada")
			if a := b.register(func(f *forgery) { f.raw = quote }); a.status != http.StatusOK {
				t.Fatalf("register: %d %s", a.status, a.body)
			}
			a := b.refresh(func(f *forgery) {
				f.raw = quote
				f.header.Set("Sec-Secure-Session-Id", quote(b.id))
			})
			if a.status != http.StatusOK || !a.setsBound() {
				t.Errorf("refresh: %d %s", a.status, a.body)
			}
		})
	}
}

// A browser that prefers RSA has a key of 2048 bits.
func TestRSAKey(t *testing.T) {
	s := newSite(t, bound.Options{})
	b := s.browser()
	b.signIn("ada")
	key := rsaKey(t, 2048)
	rs := func(f *forgery) { f.algorithm, f.key = jose.RS256, key }
	if a := b.register(rs); a.status != http.StatusOK {
		t.Fatalf("register: %d %s", a.status, a.body)
	}
	if a := b.refresh(rs); a.status != http.StatusOK || !a.setsBound() {
		t.Errorf("refresh: %d %s", a.status, a.body)
	}
	if told := s.heard(event.Bound); len(told) != 1 || told[0].Reason != "RSA 2048" {
		t.Errorf("heard %+v", told)
	}
}
