package shop_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/shop"
	"coatcheck.dev/devices"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
	"coatcheck.dev/state/statetest"
	"coatcheck.dev/store"
)

// open starts a shop over TLS, as Go's cookie jar sends Secure cookies nowhere else.
func open(t *testing.T, st store.Store) *httptest.Server {
	t.Helper()
	drift := state.NewDrift(shop.Inventory, state.DriftOptions{RefuseInTests: true})
	statetest.NoDrift(t, drift)
	sessions := session.New(st, session.Options{SignInPath: "/login", DeviceLabel: devices.Label,
		CheckKey: drift.CheckKey})
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	server := httptest.NewTLSServer(drift.Handler(
		shop.New(sessions, shop.Options{ConsoleURL: "http://localhost:8081/", Log: quiet})))
	t.Cleanup(func() {
		server.Close()
		must(t, sessions.Close(context.Background())) // that of the test has ended
	})
	return server
}

// A browser keeps cookies and follows no redirects.
type browser struct {
	t      *testing.T
	server *httptest.Server
	jar    http.CookieJar
	site   string // the Sec-Fetch-Site that it sends
}

func newBrowser(t *testing.T, server *httptest.Server) *browser {
	jar, err := cookiejar.New(nil)
	must(t, err)
	return &browser{t, server, jar, "same-origin"}
}

type answer struct {
	status  int
	header  http.Header
	cookies []*http.Cookie
	text    string
}

func (b *browser) get(path string) answer { return b.send("GET", path, "") }

func (b *browser) post(path string, form ...string) answer {
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	return b.send("POST", path, values.Encode())
}

func (b *browser) send(method, path, body string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, strings.NewReader(body))
	must(b.t, err)
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", b.site)
	r.Header.Set("User-Agent",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")
	client := &http.Client{
		Jar: b.jar, Transport: b.server.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(r)
	must(b.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(b.t, err)
	return answer{response.StatusCode, response.Header, response.Cookies(), string(text)}
}

// cookie returns the value of a cookie that the browser has.
func (b *browser) cookie(name string) string {
	u, _ := url.Parse(b.server.URL)
	for _, c := range b.jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) signIn(user, password string, more ...string) {
	b.t.Helper()
	if a := b.post("/login", append([]string{"user", user, "password", password},
		more...)...); a.status != http.StatusSeeOther {
		b.t.Fatalf("sign-in of %s: %d %s", user, a.status, a.text)
	}
}

// me asserts what /api/me says, to the letter.
func (b *browser) me(want string) {
	b.t.Helper()
	a := b.get("/api/me")
	if got := strings.TrimSpace(a.text); got != want || a.status != http.StatusOK ||
		a.header.Get("Content-Type") != "application/json" {
		b.t.Errorf("/api/me: %d %s, want %s", a.status, got, want)
	}
	if !json.Valid([]byte(a.text)) {
		b.t.Errorf("/api/me is no JSON: %s", a.text)
	}
}

// leadsTo asserts a redirect.
func (b *browser) leadsTo(a answer, where string) {
	b.t.Helper()
	if a.status != http.StatusSeeOther || a.header.Get("Location") != where {
		b.t.Errorf("status %d, Location %q, want 303 to %q", a.status, a.header.Get("Location"), where)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// getWith asks for a page with a Cookie header of the caller's making.
func (b *browser) getWith(path, cookies string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), "GET", b.server.URL+path, nil)
	must(b.t, err)
	r.Header.Set("Cookie", cookies)
	response, err := b.server.Client().Do(r)
	must(b.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(b.t, err)
	return answer{response.StatusCode, response.Header, response.Cookies(), string(text)}
}
