package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// The page of a session says who, how, since when and how long, and how much is kept, but not what.
//
// Rows: A35
func TestSessionPage(t *testing.T) {
	var sessions *session.Manager
	d := newDesk(t, func(o *console.Options) { sessions = o.Sessions })
	basket := session.NewKey[string]("basket")
	var handle store.ID
	shop := sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := sessions.From(r.Context())
		if err := s.SignIn("ada <b>", session.By("passkey"), session.Level(2), session.Remember); err != nil {
			t.Error(err)
		}
		if err := basket.Set(s, "a-private-thing"); err != nil {
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
	if strings.Contains(page.body, "a-private-thing") || strings.Contains(page.body, "ada <b>") {
		t.Errorf("the page shows too much: %s", page.body)
	}
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
