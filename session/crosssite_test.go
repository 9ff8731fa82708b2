package session_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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

// A kept-back browser: what it sends is a payment page's form.
func fromPaymentPage(path string) *http.Request {
	r := httptest.NewRequest("POST", path, nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	return r
}

// redirected is what a browser sends when the answer to such a form redirects it.
func redirected(to string) *http.Request {
	to, _, _ = strings.Cut(to, "#")
	r := fromPaymentPage(to)
	r.Method = "GET"
	return r
}

// Values that were set where the cookie could not come arrive in the session with the redirect, once.
func TestHandOver(t *testing.T) {
	m := newManager(t, memory.New(), session.Options{})
	ada := newBrowser(t, m)
	ada.signIn("ada")
	handOver := func(to string) (with string) {
		a := newBrowser(t, m).send(fromPaymentPage("/back"), func(_ http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			if err := note.Set(s, "paid"); err != nil {
				t.Error(err)
			}
			var err error
			if with, err = s.HandOver(to); err != nil {
				t.Error(err)
			}
		})
		if len(a.header["Set-Cookie"]) > 0 {
			t.Errorf("a cookie was set: %q", a.header["Set-Cookie"])
		}
		return with
	}
	read := func(b *browser, r *http.Request) (user, value string) {
		b.send(r, func(_ http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			user, value = s.User(), note.Get(s)
		})
		return user, value
	}
	for _, to := range []string{"/done", "/done?order=5", "/done?x=a%2Fb#part", "/d%C3%B6ne"} {
		t.Run(to, func(t *testing.T) {
			ada.visit(func(_ http.ResponseWriter, r *http.Request) { _ = note.Delete(session.From(r.Context())) })
			with := handOver(to)
			for name, r := range map[string]*http.Request{
				"another path": redirected(strings.Replace(with, "/d", "/other/d", 1)),
				"a form":       fromPaymentPage(with),
				"no ticket":    redirected(with[:len(to)] + "?session_handover="),
			} {
				if user, value := read(ada, r); user != "ada" || value != "" {
					t.Errorf("%s: %s has %q", name, user, value)
				}
			}
			if user, value := read(ada, redirected(with)); user != "ada" || value != "paid" {
				t.Errorf("%s: %s has %q", with, user, value)
			}
			if user, value := read(ada, redirected("/")); user != "ada" || value != "paid" {
				t.Errorf("afterwards: %s has %q", user, value)
			}
			if _, value := read(newBrowser(t, m), redirected(with)); value != "" {
				t.Errorf("a second time: %q", value)
			}
			if got, err := url.Parse(with); err != nil || !strings.HasPrefix(to, got.EscapedPath()) ||
				session.WithoutHandOver(got) != mustParse(t, to).RawQuery {
				t.Errorf("%s became %s", to, with)
			}
		})
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestHandOverIsForBrowsersThatKeptTheirCookieBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, memory.New(), session.Options{})
		visitor, with := newBrowser(t, m), ""
		visitor.visit(func(_ http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			_ = note.Set(s, "paid")
			with, _ = s.HandOver("/done")
			for _, to := range []string{"", "done", "//evil.example/", `/\evil.example`, "https://evil.example/"} {
				if got, err := s.HandOver(to); err == nil {
					t.Errorf("%q became %q", to, got)
				}
			}
		})
		if with != "/done" || visitor.ticket() == "" {
			t.Errorf("the values did not stay here: %q, ticket %q", with, visitor.ticket())
		}
		// The ticket in the address is none of a session, and good for 5 minutes.
		newBrowser(t, m).send(fromPaymentPage("/back"), func(_ http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			_ = note.Set(s, "paid")
			with, _ = s.HandOver("/done")
		})
		thief := newBrowser(t, m)
		thief.setTicket(with[strings.Index(with, "=")+1:])
		thief.visit(func(_ http.ResponseWriter, r *http.Request) {
			if s := session.From(r.Context()); note.Get(s) != "" || !s.Handle().IsZero() {
				t.Errorf("the address is a session: %s", note.Get(s))
			}
		})
		time.Sleep(5*time.Minute + time.Second)
		newBrowser(t, m).send(redirected(with), func(_ http.ResponseWriter, r *http.Request) {
			if value := note.Get(session.From(r.Context())); value != "" {
				t.Errorf("after 5 minutes: %q", value)
			}
		})
	})
}

// Values that are handed over are records of visitors, and a flood of them is bounded like one of sessions.
//
// Rows: A43
func TestHandOversAreBounded(t *testing.T) {
	var events recorder
	m := newManager(t, memory.New(), session.Options{MaxVisitors: 2, Events: event.NewQueue(events.observe)})
	for n, want := range []error{nil, nil, session.ErrTooManyVisitors} {
		newBrowser(t, m).send(fromPaymentPage("/back"), func(_ http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			_ = note.Set(s, "paid")
			if with, err := s.HandOver("/done"); !errors.Is(err, want) || (err == nil) != strings.Contains(with, "?") {
				t.Errorf("hand-over %d: %q, %v; want %v", n+1, with, err, want)
			}
		})
	}
	if len(events.of(t, m, event.Limit)) != 1 {
		t.Errorf("events: %s", events.kinds())
	}
}
