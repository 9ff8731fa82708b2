package gate_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/event"
)

// An app behind the gate asks old browsers for tokens without knowing how they are made.
//
// Rows: C10, A20, A21, ASVS 3.5.1
func TestFormTokens(t *testing.T) {
	app := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/in" {
			w.Header().Set("Coatcheck-Sign-In", "ada")
			w.Header().Set("Set-Cookie", "__Host-csrf=planted; Path=/; Secure")
		}
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.Header().Set("CDN-Cache-Control", "max-age=60")
		echo(w, r)
	}
	st := newSite(t, app, func(s *setup) { s.gate.FormTokens = true })
	key := "" // the cookie of the tokens
	page := func(v *visitor, more ...string) reply {
		t.Helper()
		header := http.Header{"Accept": {"text/html"}, "Coatcheck-Csrf-Token": {"forged"}}
		for i := 0; i < len(more); i += 2 {
			header[more[i]] = []string{more[i+1]}
		}
		if key != "" {
			header["Cookie"] = []string{key}
		}
		return v.do("GET", "/", header)
	}
	tokenOf := func(a reply) string { return a.seen(t).Header.Get("Coatcheck-Csrf-Token") }
	post := func(v *visitor, path, token string) int {
		t.Helper()
		header := http.Header{"X-Csrf-Token": {token}, "Cookie": {key}}
		a := v.do("POST", path, header)
		if a.StatusCode == http.StatusOK && strings.Contains(strings.Join(a.seen(t).Header["Cookie"], ";"), "csrf") {
			t.Error("the app sees the cookie of the tokens")
		}
		return a.StatusCode
	}
	v := st.visitor()
	a := page(v)
	token := tokenOf(a)
	lines := a.setCookies("__Host-csrf")
	if len(token) != 64 || len(lines) != 1 {
		t.Fatalf("token %q, cookies %v", token, lines)
	}
	c := a.Header["Cache-Control"]
	if len(c) != 1 || c[0] != "private, no-store" || a.Header.Get("CDN-Cache-Control") != "" {
		t.Errorf("a page with a token: %v", a.Header)
	}
	key, _, _ = strings.Cut(lines[0], ";")
	if got := post(v, "/cart", token); got != http.StatusOK {
		t.Errorf("with the token: %d", got)
	}
	if got := post(v, "/cart", "made up"); got != http.StatusForbidden {
		t.Errorf("with another one: %d", got)
	}
	if got := post(v, "/cart", ""); got != http.StatusForbidden {
		t.Errorf("without: %d", got)
	}
	if got := post(v, "/in", token); got != http.StatusOK {
		t.Errorf("sign-in: %d", got)
	}
	if got := post(v, "/cart", token); got != http.StatusForbidden {
		t.Errorf("with a token from before the sign-in: %d", got)
	}
	if got := post(v, "/cart", tokenOf(page(v))); got != http.StatusOK {
		t.Errorf("with one of the session: %d", got)
	}
	// Browsers of today need none, and are given none; nor is who asks for no page.
	if got := tokenOf(page(v, "Sec-Fetch-Site", "none")); got != "" {
		t.Errorf("a browser of today is given %q", got)
	}
	if got := tokenOf(page(v, "Accept", "image/*")); got != "" {
		t.Errorf("a picture is given %q", got)
	}
	if got := v.do("POST", "/cart", http.Header{"Sec-Fetch-Site": {"same-origin"}}); got.StatusCode != http.StatusOK {
		t.Errorf("a browser of today: %d", got.StatusCode)
	}
}

// A token in a form is found in its body, which reaches the app whole; a client that sends none in time is refused.
//
// Rows: C10, I9
func TestFormTokenInTheBody(t *testing.T) {
	got := make(chan string, 1)
	app := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			got <- string(body)
			return
		}
		echo(w, r)
	}
	st := newSite(t, app, func(s *setup) { s.gate.FormTokens, s.gate.BodyTimeout = true, 200*time.Millisecond })
	a := st.visitor().do("GET", "/", http.Header{"Accept": {"text/html"}})
	key, _, _ := strings.Cut(a.setCookies("__Host-csrf")[0], ";")
	send := func(body io.Reader) int {
		t.Helper()
		r, err := http.NewRequest("POST", st.url+"/cart", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", key)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	token := a.seen(t).Header.Get("Coatcheck-Csrf-Token")
	form := "item=tea&csrf_token=" + token + "&note=" + strings.Repeat("x", 100_000)
	if status := send(strings.NewReader(form)); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	if body := <-got; body != form {
		t.Errorf("the app got %d bytes of %d", len(body), len(form))
	}
	slow, end := io.Pipe()
	defer end.Close()
	if status := send(io.MultiReader(strings.NewReader("item=tea"), slow)); status != http.StatusForbidden {
		t.Errorf("a body that never ends: %d", status)
	}
}

// Without the option nothing is asked for; while cross-site requests are only reported, missing tokens are as well.
func TestFormTokensAreOptional(t *testing.T) {
	if got := newSite(t, echo).visitor().do("POST", "/cart", nil); got.StatusCode != http.StatusOK {
		t.Errorf("without the option: %d", got.StatusCode)
	}
	told := 0
	events := event.NewQueue(func(e event.Event) {
		if e.Kind == event.CrossSite {
			told++
		}
	})
	st := newSite(t, echo, func(s *setup) {
		s.session.Events, s.gate.FormTokens, s.gate.InsecureReportCrossSite = events, true, true
	})
	for _, header := range []http.Header{nil, {"Sec-Fetch-Site": {"cross-site"}}} {
		if got := st.visitor().do("POST", "/cart", header); got.StatusCode != http.StatusOK {
			t.Errorf("%v: %d", header, got.StatusCode)
		}
	}
	events.Flush(t.Context())
	if told != 2 {
		t.Errorf("%d events for two requests", told)
	}
}
