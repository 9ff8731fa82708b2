package gate_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"coatcheck.dev/bound"
)

// An app that knows nothing of it has sessions that are bound, and is told which are. It neither sees the bound cookie
// nor can set it.
//
// Rows: A32, D12
func TestBoundSessions(t *testing.T) {
	app := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/in" {
			w.Header().Set("Coatcheck-Sign-In", "ada")
			w.Header().Set("Set-Cookie", "__Host-session-bound=planted; Path=/; Secure")
			return
		}
		echo(w, r)
	}
	st := newSite(t, app, func(s *setup) { s.session.Guard = bound.New(bound.Options{}) })
	told := func(v *visitor, more string) string {
		header := http.Header{"Cookie": {more}, "Coatcheck-Bound": {"yes"}}
		return v.do("GET", "/", header).seen(t).Header.Get("Coatcheck-Bound")
	}
	if got := told(st.visitor(), ""); got != "" {
		t.Errorf("without a session the app is told %q", got)
	}
	v := st.visitor()
	in := v.get("/in")
	if got := told(v, ""); got != "no" {
		t.Errorf("after the sign-in the app is told %q", got)
	}
	for _, line := range in.Header["Set-Cookie"] {
		if strings.Contains(line, "planted") {
			t.Errorf("the app has set %s", line)
		}
	}
	answer := v.do("POST", "/.well-known/coatcheck-bound/register", http.Header{
		"Secure-Session-Response": {registration(t, in.Header.Get("Secure-Session-Registration"))},
	})
	var cookie string
	for _, c := range answer.Cookies() {
		if c.Name == "__Host-session-bound" {
			cookie = c.Name + "=" + c.Value
		}
	}
	if cookie == "" {
		t.Fatalf("register: %d %s", answer.StatusCode, answer.body)
	}
	if got := told(v, cookie); got != "yes" {
		t.Errorf("with a key the app is told %q", got)
	}
	if got := v.do("GET", "/", http.Header{"Cookie": {cookie}}).seen(t).Header.Get("Cookie"); got != "" {
		t.Errorf("the app sees the cookies %q", got)
	}
}

// registration is what a browser answers to an offer.
func registration(t *testing.T, offer string) string {
	t.Helper()
	part := func(name string) string {
		m := regexp.MustCompile(name + `="([^"]*)"`).FindStringSubmatch(offer)
		if m == nil {
			t.Fatalf("the offer %q has no %s", offer, name)
		}
		return m[1]
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key},
		(&jose.SignerOptions{EmbedJWK: true}).WithType("dbsc+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := json.Marshal(map[string]string{"jti": part("challenge"), "authorization": part("authorization")})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
