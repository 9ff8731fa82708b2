package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// The page of a session says who, how, since when and how long, and how much is kept. What that is, it shows to those
// who ask and may see it, and that they have looked is in the history.
//
// Rows: A35
func TestSessionPage(t *testing.T) {
	var sessions *session.Manager
	h, err := history.Open(filepath.Join(t.TempDir(), "history.db"), history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close(t.Context()) })
	d := newDesk(t, func(o *console.Options) {
		sessions, o.History = o.Sessions, h
		o.Shows = func(key string) bool { return key != "secret" }
	})
	basket, secret := session.NewKey[string]("basket"), session.NewKey[string]("secret")
	var handle store.ID
	shop := sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := sessions.From(r.Context())
		if err := s.SignIn("ada <b>", session.By("passkey"), session.Level(2), session.Remember); err != nil {
			t.Error(err)
		}
		if err := basket.Set(s, "a-private-thing"); err != nil {
			t.Error(err)
		}
		if err := secret.Set(s, "opens-a-door"); err != nil {
			t.Error(err)
		}
		handle = s.Handle()
	}))
	r := httptest.NewRequest(http.MethodGet, "https://shop.example/", nil)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0")
	shop.ServeHTTP(httptest.NewRecorder(), r)
	b := d.operator()
	b.get("/").want(t, 200, `href="/session/`+handle.String()+`"`)
	page := b.get("/session/" + handle.String())
	page.want(t, 200, "ada &lt;b&gt;", "passkey, level 2", "Firefox on Linux", "basket", "17 bytes", "remembered",
		"to no device", "Ends if unused")
	if strings.Contains(page.body, "a-private-thing") || strings.Contains(page.body, "opens-a-door") ||
		strings.Contains(page.body, "ada <b>") {
		t.Errorf("the page shows too much: %s", page.body)
	}
	shown := b.post("/session/"+handle.String()+"/values", nil)
	shown.want(t, 200, "<code class=\"value\">&#34;a-private-thing&#34;</code>", "That you have looked")
	if strings.Contains(shown.body, "opens-a-door") || !strings.Contains(shown.body, "it is not shown") {
		t.Errorf("a secret is shown: %s", shown.body)
	}
	known(t, h, history.OperatorActed, 1)
	b.get("/session/"+handle.String()).want(t, 200, "looked at the values of basket")
	b.get("/session/"+handle.String()[1:]).want(t, 400, "does not name a session")
	b.get("/session/"+store.NewID().String()).want(t, 404, "has ended")
	visitor := d.start("", "", time.Minute)
	b.get("/session/"+visitor.String()).want(t, 200, "A visitor", "Nothing is kept")
	d.browser().get("/session/"+visitor.String()).wantRedirect(t, "/sign-in?return_to="+
		url.QueryEscape("/session/"+visitor.String()))
	b.post("/end", url.Values{"handle": {handle.String()}, "return_to": {"/?user=ada+%3Cb%3E"}}).
		wantRedirect(t, "/?user=ada+%3Cb%3E")
	b.get("/session/"+handle.String()).want(t, 404, "has ended")
}
