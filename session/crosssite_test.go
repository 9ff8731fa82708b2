package session_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// A browser keeps the cookie back from most requests that another site makes it send. A fresh cookie in the answer
// would sign its user out.
//
// Rows: C6
func TestCookieThatWasKeptBackIsNotReplaced(t *testing.T) {
	for _, c := range []struct {
		name, method, site, mode, dest string
		strict                         bool
		begins                         bool // a session of a visitor
	}{
		{"form of a payment page", "POST", "cross-site", "navigate", "document", false, false},
		{"script of another site", "POST", "cross-site", "no-cors", "empty", false, false},
		{"image on another site", "GET", "cross-site", "no-cors", "image", false, false},
		{"frame on another site", "GET", "cross-site", "navigate", "iframe", false, false},
		{"link from elsewhere", "GET", "cross-site", "navigate", "document", false, true},
		{"link from elsewhere, strict", "GET", "cross-site", "navigate", "document", true, false},
		{"own page", "POST", "same-origin", "navigate", "document", false, true},
		{"own page, strict", "POST", "same-origin", "navigate", "document", true, true},
		{"another host of the site", "POST", "same-site", "cors", "empty", true, true},
		{"typed by the visitor", "GET", "none", "navigate", "document", true, true},
		{"a browser that says nothing", "POST", "", "", "", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var events recorder
			m := newManager(t, memory.New(), session.Options{
				SameSiteStrict: c.strict, Events: event.NewQueue(events.observe),
			})
			request := func() *http.Request {
				r := httptest.NewRequest(c.method, "/", nil)
				for name, value := range map[string]string{"Site": c.site, "Mode": c.mode, "Dest": c.dest} {
					if value != "" {
						r.Header.Set("Sec-Fetch-"+name, value)
					}
				}
				return r
			}
			store := func(_ http.ResponseWriter, r *http.Request) {
				if err := note.Set(session.From(r.Context()), "paid"); err != nil {
					t.Error(err)
				}
			}
			a := newBrowser(t, m).send(request(), store)
			if set := len(a.header["Set-Cookie"]) > 0; set != c.begins {
				t.Errorf("a cookie was set: %t, want %t", set, c.begins)
			}
			if dropped := len(events.of(t, m, event.Dropped)) == 1; dropped == c.begins {
				t.Errorf("reported: %t", dropped)
			}
			// Whoever signs in means it.
			a = newBrowser(t, m).send(request(), func(_ http.ResponseWriter, r *http.Request) {
				if err := session.From(r.Context()).SignIn("ada"); err != nil {
					t.Error(err)
				}
			})
			if len(a.header["Set-Cookie"]) != 1 {
				t.Errorf("a sign-in sets %q", a.header["Set-Cookie"])
			}
			// A cookie that did come is not in doubt.
			b := newBrowser(t, m)
			b.setTicket(unknownTicket(1))
			if a := b.send(request(), store); len(a.header["Set-Cookie"]) != 1 {
				t.Errorf("with an unknown ticket: %q", a.header["Set-Cookie"])
			}
		})
	}
}
