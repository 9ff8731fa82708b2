package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"coatcheck.dev/bound"
	"coatcheck.dev/cmd/coatcheck/internal/config"
)

// A session needs no key where the gate looks none up, and nowhere else: "/help" is one public page, and says nothing
// of "/help/account".
//
// Rows: A33, D7
func TestOnlyPublicFoldersNeedNoKey(t *testing.T) {
	s := site{public: folders(&config.Site{Public: []string{"/help", "/static/", "/robots.txt"}})}
	flags := config.Server{BindDevices: "required", BindLifetime: 10 * time.Minute}
	if err := s.bind(flags, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if got := s.options.Guard.(*bound.Guard).Options().Open; fmt.Sprint(got) != "[/static/]" {
		t.Errorf("pages that need no key: %v", got)
	}
}

// The console, the API and the page of devices show which sessions are bound, and by what.
//
// Rows: D12
func TestListsShowWhatIsBound(t *testing.T) {
	r := start(t, t.TempDir(), "demo", "--bind-devices=offered")
	b := newBrowser(t)
	operator := newBrowser(t)
	operator.send(r.link, nil)
	operator.send(r.back+strings.TrimPrefix(operator.last.Get("Location"), r.back), nil)
	shown := func() (console, api, devices bool) {
		_, page := operator.send(r.back+"/", nil)
		_, list := r.api("GET", "/v1/sessions?user=ada")
		_, own := b.send(r.site+"/account/", nil)
		if !strings.Contains(page, ">ada<") || !strings.Contains(list, `"user":"ada"`) {
			t.Fatalf("the session is not listed: %s\n%s", page, list)
		}
		return strings.Contains(page, `title="a key on the device, EC P-256, since `) &&
				strings.Contains(page, ">bound</span>"),
			strings.Contains(list, `"bound":{"key":"EC P-256","since":"`), strings.Contains(own, "EC P-256")
	}
	b.signIn(t, r.site)
	offer := b.last.Get("Secure-Session-Registration")
	if console, api, devices := shown(); console || api || devices {
		t.Errorf("before there is a key: %v, %v, %v", console, api, devices)
	}
	b.register(r.site, offer)
	if console, api, devices := shown(); !console || !api || !devices {
		t.Errorf("with a key the console shows it: %v, the API: %v, the page of devices: %v", console, api, devices)
	}
}

// register answers an offer with a new key.
func (b *browser) register(site, offer string) {
	b.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key},
		(&jose.SignerOptions{EmbedJWK: true}).WithType("dbsc+jwt"))
	if err != nil {
		b.t.Fatal(err)
	}
	claims, err := json.Marshal(map[string]string{
		"jti":           find(b.t, []byte(offer), `challenge="([^"]+)"`),
		"authorization": find(b.t, []byte(offer), `authorization="([^"]+)"`),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		b.t.Fatal(err)
	}
	proof, err := signed.CompactSerialize()
	if err != nil {
		b.t.Fatal(err)
	}
	req, err := http.NewRequest("POST", site+find(b.t, []byte(offer), `path="([^"]+)"`), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Secure-Session-Response", proof)
	for name, value := range b.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if status, text := b.round(req); status != http.StatusOK {
		b.t.Fatalf("register: %d %s", status, text)
	}
}
