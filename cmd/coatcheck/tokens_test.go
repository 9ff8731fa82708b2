package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/token"
)

const tokenSites = `
sites:
  - {hosts: [localhost], realm: a, upstream: "http://127.0.0.1:9", tokens-issuer: "https://a.example"}
  - {hosts: [b.example], realm: b, upstream: "http://127.0.0.1:9", cookie: {name: __Host-b}}
`

// A service without a store has tickets exchanged for tokens of its own audience, verifies such tokens by the site's
// keys, and hears over the stream that a session has ended.
//
// Rows: I1
func TestServicesExchangeTicketsForTokens(t *testing.T) {
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(tokenSites), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, data, "serve", "--config", file)
	key := newAppKey(t, data, "read", "create", "end", "token:orders")
	var begun struct {
		Handle    string
		SetCookie []string `json:"set_cookie"`
	}
	if status := call(t, key, "POST", r.back+"/v1/sessions", `{"user":"ada"}`, &begun); status != 201 {
		t.Fatal(status)
	}
	cookie, _, _ := strings.Cut(begun.SetCookie[0], ";")
	type answer struct {
		State, Token string
		ExpiresAt    time.Time `json:"expires_at"`
	}
	exchange := func(key, site string) (is answer, status int) {
		t.Helper()
		body := fmt.Sprintf(`{"cookie":%q,"site":%q}`, cookie, site)
		status = call(t, key, "POST", r.back+"/v1/sessions/token", body, &is)
		return is, status
	}
	is, status := exchange(key, "localhost")
	if status != 200 || is.State != "valid" || time.Until(is.ExpiresAt) > token.MaxLifetime {
		t.Fatal(status, is)
	}
	feed := token.Watch(r.back+"/v1/watch", key, nil)
	defer feed.Close(t.Context())
	verifier := token.NewVerifier(token.VerifierOptions{
		Issuer: "https://a.example", Audience: "orders", Feed: feed,
		Keys: token.Fetch(r.site+"/.well-known/jwks.json", nil),
	})
	defer verifier.Close()
	eventually(t, "a token that is made once the stream is heard is good", func() bool {
		is, _ = exchange(key, "localhost")
		claims, ok, err := verifier.Verify(is.Token)
		return err == nil && ok && claims.User == "ada" && claims.Session.String() == begun.Handle
	})
	for name, c := range map[string]struct {
		key, site string
		status    int
	}{
		"a key for nobody's tokens": {newAppKey(t, data, "admin"), "localhost", 403},
		"a site without tokens":     {key, "b.example", 409},
		"no site":                   {key, "c.example", 400},
	} {
		if is, status := exchange(c.key, c.site); status != c.status || is.Token != "" {
			t.Errorf("%s: %d %+v", name, status, is)
		}
	}
	mail, _ := exchange(newAppKey(t, data, "token:mail"), "")
	if _, ok, err := verifier.Verify(mail.Token); mail.Token == "" || ok || err != nil {
		t.Errorf("a token for mail is %q; good for orders: %v, %v", mail.Token, ok, err)
	}
	if status := call(t, key, "DELETE", r.back+"/v1/sessions/"+begun.Handle, "", new(any)); status != 204 {
		t.Fatal(status)
	}
	eventually(t, "the token of a session that has ended is refused", func() bool {
		_, ok, err := verifier.Verify(is.Token)
		return err == nil && !ok
	})
	if is, status := exchange(key, "localhost"); status != 200 || is.State != "none" || is.Token != "" {
		t.Errorf("after the end: %d %+v", status, is)
	}
}

// newAppKey makes a key of some scopes.
func newAppKey(t *testing.T, data string, scopes ...string) string {
	t.Helper()
	out, err := command(t, "app-keys", "new", "--data", data, "--scope", strings.Join(scopes, ","))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// eventually waits for something that the program does on its own.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for began := time.Now(); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatal("it is not so: " + what)
		}
	}
}
