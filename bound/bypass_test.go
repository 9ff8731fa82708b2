package bound_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// While the store is down, the last known state of a session is good for its browser, and for nobody who has the ticket
// alone.
//
// Rows: D7, N8, R8
func TestAnOutageIsNoWayAroundTheBoundCookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &failing{Store: memory.New()}
		s := siteWith(t, st, session.Options{
			OnFailure: func(*http.Request) session.Failure { return session.Stale(time.Hour) },
		}, bound.Options{})
		owner := s.bound("ada")
		time.Sleep(time.Minute)
		owner.get("/")
		thief := owner.copied()
		delete(thief.cookies, boundCookie)
		st.stop(true)
		if a := thief.get("/"); a.status != http.StatusServiceUnavailable || a.body == "ada" {
			t.Errorf("the ticket alone: %d, a page for %q", a.status, a.body)
		}
		if got := owner.get("/").body; got != "ada" {
			t.Errorf("the owner has a page for %q", got)
		}
	})
}

// A path that only begins like an open page, and is another one to the application, needs the bound cookie. No browser
// sends such a path.
//
// Rows: A33
func TestPathsThatLeadOutOfOpenPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, bound.Options{Open: []string{"/help", "/files/"}})
		owner := s.bound("ada")
		s.handler = s.sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, session.From(r.Context()).User())
		}))
		time.Sleep(time.Minute)
		thief := owner.copied()
		delete(thief.cookies, boundCookie)
		for path, open := range map[string]bool{
			"/help/a.b": true, "/help/../account": false, "/help/..": false, "/files/%2e%2e/account": false,
			"/files/..%2faccount": false, "/files/..%5caccount": false, "/files/a%5c..%5caccount": false,
			"/files/..;/account": false,
		} {
			if got := thief.get(path).body == "ada"; got != open {
				t.Errorf("%s: the session is seen: %v", path, got)
			}
		}
	})
}

// Between a step-up and its registration, a browser that is made to send no cookies asks by the name of before. It
// keeps its key, and has a bound cookie for the session that it has now.
//
// Rows: D5
func TestRefreshWithoutCookiesBeforeTheNextRegistration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, bound.Options{})
		b := s.bound("ada")
		b.send("POST", "/again", nil, nil)
		withoutCookies := func(f *forgery) { f.cookies = false }
		if a := b.refresh(withoutCookies); a.status != http.StatusOK || !a.setsBound() {
			t.Fatalf("%d %s", a.status, a.body)
		}
		time.Sleep(time.Minute)
		if got := b.get("/").body; got != "ada" {
			t.Errorf("a page for %q", got)
		}
		// A sign-in takes no key along.
		b.signIn("eve")
		if in := b.instructions(b.refresh(withoutCookies)); in["continue"] != false {
			t.Errorf("after a sign-in: %v", in)
		}
		s.heard()
		b.send("POST", "/out", nil, nil)
		if in := b.instructions(b.refresh(withoutCookies)); in["continue"] != false {
			t.Errorf("after a sign-out: %v", in)
		}
		if told := s.heard(refusals...); len(told) > 0 {
			t.Errorf("heard %+v", told)
		}
	})
}

// A browser may ask for the session of before a step-up once more. It hears that that one is over, and keeps the cookie
// of the one that it has.
//
// Rows: D5
func TestTheNameOfBeforeAStepUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, bound.Options{})
		b := s.bound("ada")
		before := b.id
		b.send("POST", "/again", nil, nil)
		b.register(nil)
		b.refresh(nil)
		a := b.refresh(func(f *forgery) { f.header.Set("Sec-Secure-Session-Id", before) })
		if in := b.instructions(a); in["continue"] != false || in["session_identifier"] != before {
			t.Errorf("%d %s", a.status, a.body)
		}
		time.Sleep(time.Minute)
		if got := b.get("/").body; got != "ada" {
			t.Errorf("a page for %q", got)
		}
	})
}
