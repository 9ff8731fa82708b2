package bound_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// A copy of all cookies is worthless when the bound cookie ends, for documents and for what they load. The owner goes
// on.
//
// Rows: D7, A23, N8
func TestACopyIsWorthlessWhenTheCookieEnds(t *testing.T) {
	inBubble(t, "copy", func(t *testing.T) {
		s := newSite(t, bound.Options{})
		owner := s.bound("ada")
		thief := owner.copied()
		if got := thief.get("/").body; got != "ada" {
			t.Fatalf("at first the copy has a page for %q: this proves nothing", got)
		}
		time.Sleep(10 * time.Minute)
		owner.refresh(nil)
		time.Sleep(10 * time.Second)
		s.heard()
		if got := thief.get("/").body; got != "" {
			t.Errorf("the copy has a page for %q", got)
		}
		if a := thief.get("/account"); a.status != http.StatusUnauthorized {
			t.Errorf("the copy has status %d", a.status)
		}
		if told := s.heard(event.Unproven); len(told) != 2 || told[0].User != "ada" {
			t.Errorf("heard %+v", told)
		}
		if got := owner.get("/account").body; got != "ada" {
			t.Errorf("the owner has a page for %q", got)
		}
	})
}

// A thief who copied the ticket alone has nothing, and cannot register a key of their own.
//
// Rows: D7, D10, N8
func TestATicketAloneIsWorthless(t *testing.T) {
	inBubble(t, "ticket", func(t *testing.T) {
		s := newSite(t, bound.Options{})
		owner := s.bound("ada")
		time.Sleep(10 * time.Second)
		s.heard()
		thief := owner.copied()
		delete(thief.cookies, boundCookie)
		if got := thief.get("/").body; got != "" {
			t.Errorf("a page for %q", got)
		}
		if a := thief.register(nil); a.status != http.StatusUnauthorized || a.setsBound() {
			t.Errorf("register: %d", a.status)
		}
		if a := thief.refresh(nil); a.status != http.StatusUnauthorized || a.setsBound() {
			t.Errorf("refresh: %d", a.status)
		}
		told := s.heard(refusals...)
		if len(told) != 3 || told[2].Kind != event.Theft {
			t.Errorf("heard %+v", told)
		}
		if got := owner.get("/").body; got != "ada" {
			t.Errorf("the owner has a page for %q", got)
		}
	})
}

// A bound cookie of another session is a theft.
//
// Rows: D5
func TestABoundCookieOfAnotherSession(t *testing.T) {
	inBubble(t, "foreign", func(t *testing.T) {
		s := newSite(t, bound.Options{})
		ada, eve := s.bound("ada"), s.bound("eve")
		time.Sleep(10 * time.Second)
		s.heard()
		ada.cookies[boundCookie] = eve.cookies[boundCookie]
		if got := ada.get("/").body; got != "" {
			t.Errorf("a page for %q", got)
		}
		if told := s.heard(event.Theft); len(told) != 1 || told[0].User != "ada" {
			t.Errorf("heard %+v", told)
		}
		if _, there := ada.cookies[boundCookie]; there {
			t.Error("the browser is stuck with the wrong cookie")
		}
	})
}

// A request that is turned away begins nothing and takes nothing away: the cookie stays, unless it is a sign-out.
func TestTurnedAwayKeepsTheTicket(t *testing.T) {
	inBubble(t, "ticket", func(t *testing.T) {
		s := newSite(t, bound.Options{})
		b := s.bound("ada")
		time.Sleep(time.Minute)
		without := b.copied()
		delete(without.cookies, boundCookie)
		ticket := without.cookies["__Host-session"]
		without.get("/")
		if without.cookies["__Host-session"] != ticket {
			t.Error("the ticket has changed")
		}
		if got := b.get("/").body; got != "ada" {
			t.Errorf("the owner has a page for %q", got)
		}
		without.send("POST", "/out", nil, nil)
		if _, left := without.cookies["__Host-session"]; left || b.get("/").body != "" {
			t.Error("after the sign-out the session goes on")
		}
	})
}

// Requests that were on their way when the browser registered, or when its cookie ended, are good for a moment.
//
// Rows: D7
func TestRequestsOnTheirWay(t *testing.T) {
	inBubble(t, "grace", func(t *testing.T) {
		s := newSite(t, bound.Options{})
		b := s.bound("ada")
		slow := b.copied()
		delete(slow.cookies, boundCookie)
		time.Sleep(9 * time.Second)
		if got := slow.get("/").body; got != "ada" {
			t.Errorf("9 seconds after the registration a page for %q", got)
		}
		time.Sleep(time.Second)
		if got := slow.get("/").body; got != "" {
			t.Errorf("10 seconds after it a page for %q", got)
		}
		time.Sleep(10*time.Minute - time.Second)
		if got := b.get("/").body; got != "ada" {
			t.Errorf("9 seconds after the end of the cookie a page for %q", got)
		}
		time.Sleep(time.Second)
		if got := b.get("/").body; got != "" {
			t.Errorf("10 seconds after it a page for %q", got)
		}
	})
}

// A clock that was far ahead when the browser registered, and is right again, makes no long moment of it: a copied
// ticket would do alone until the clock has caught up.
//
// Rows: D7, I11
func TestAClockThatWasAheadLetsNoTicketIn(t *testing.T) {
	inBubble(t, "ahead", func(t *testing.T) {
		s := newSite(t, bound.Options{})
		s.bound("ada")
		listed, err := s.sessions.List(t.Context(), "ada")
		if err != nil || len(listed) != 1 {
			t.Fatal(listed, err)
		}
		guard, r := bound.New(bound.Options{}), httptest.NewRequest("GET", origin+"/", nil)
		for off, want := range map[time.Duration]bool{
			0: true, 9 * time.Second: true, 10 * time.Second: false, // on their way
			-9 * time.Second: true, -10 * time.Second: false, -2 * time.Hour: false, // set back
		} {
			v := guard.Admit(r, cookie.Found{}, "ada", listed[0].Guard, time.Now().Add(off))
			if admitted := v == nil; admitted != want {
				t.Errorf("%v after the registration: admitted %v", off, admitted)
			}
		}
	})
}

// If the answer to a registration is lost, the browser has no key to prove anything with. It goes on as before.
//
// Rows: R5
func TestALostRegistration(t *testing.T) {
	inBubble(t, "lost", func(t *testing.T) {
		s := newSite(t, bound.Options{})
		b := s.browser()
		b.signIn("ada")
		lost := b.copied()
		lost.register(nil)
		time.Sleep(time.Minute)
		if got := b.get("/").body; got != "ada" {
			t.Errorf("a page for %q", got)
		}
	})
}

// If the answer to a refresh is lost, the browser signs another challenge.
//
// Rows: R5, D5
func TestALostRefresh(t *testing.T) {
	inBubble(t, "lost", func(t *testing.T) {
		s := newSite(t, bound.Options{})
		b := s.bound("ada")
		time.Sleep(11 * time.Minute)
		lost := b.copied()
		lost.key = b.key
		lost.refresh(nil)
		if a := b.refresh(nil); a.status != http.StatusForbidden {
			t.Fatalf("the same challenge again: %d", a.status)
		}
		if a := b.refresh(nil); a.status != http.StatusOK {
			t.Fatalf("another one: %d", a.status)
		}
		if got := b.get("/").body; got != "ada" {
			t.Errorf("a page for %q", got)
		}
	})
}

// Browsers that know nothing of it have an ordinary session, unless a key is required.
//
// Rows: D8
func TestPolicies(t *testing.T) {
	for _, c := range []struct {
		name                string
		o                   bound.Options
		offers, first, then bool
	}{
		{"offered", bound.Options{}, true, true, true},
		{"off", bound.Options{Policy: bound.Off}, false, true, true},
		{"required", bound.Options{Policy: bound.Required}, true, true, false},
		{"required without grace", bound.Options{Policy: bound.Required, Grace: -1}, true, false, false},
		{"required of this user", bound.Options{PolicyOf: policies("ada", bound.Required)}, true, true, false},
		{"required of another user", bound.Options{PolicyOf: policies("eve", bound.Required)}, true, true, true},
		{"not of this user", bound.Options{
			Policy: bound.Required, PolicyOf: policies("ada", bound.Off),
		}, false, true, true},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			s := newSite(t, c.o)
			b := s.browser()
			if a := b.signIn("ada"); (a.header.Get("Secure-Session-Registration") != "") != c.offers {
				t.Errorf("the sign-in offers %q", a.header.Get("Secure-Session-Registration"))
			}
			if got := b.get("/").body == "ada"; got != c.first {
				t.Errorf("at first the session is seen: %v", got)
			}
			time.Sleep(10 * time.Second)
			if got := b.get("/").body == "ada"; got != c.then {
				t.Errorf("then the session is seen: %v", got)
			}
			if got := s.heard(event.Unproven); (len(got) > 0) == c.then {
				t.Errorf("heard %+v", got)
			}
		})
	}
}

func policies(of string, p bound.Policy) func(string) bound.Policy {
	return func(user string) bound.Policy {
		if user == of {
			return p
		}
		return bound.Offered
	}
}

// Where a key is required, a session without one is seen at the open pages alone.
//
// Rows: D8
func TestOpenPages(t *testing.T) {
	inBubble(t, "open", func(t *testing.T) {
		s := newSite(t, bound.Options{Policy: bound.Required, Grace: -1, Open: []string{"/help", "/files/"}})
		b := s.browser()
		b.signIn("ada")
		for path, open := range map[string]bool{
			"/help": true, "/help/me": true, "/helpless": false, "/": false, "/files/a": true, "/files": false,
		} {
			if got := b.get(path).body == "ada"; got != open {
				t.Errorf("%s: the session is seen: %v", path, got)
			}
		}
		in := b.instructions(b.register(nil))
		rules := in["scope"].(map[string]any)["scope_specification"].([]any)
		var paths []string
		for _, r := range rules {
			paths = append(paths, r.(map[string]any)["path"].(string))
		}
		if got := strings.Join(paths, " "); got != prefix+" /help /files/" {
			t.Errorf("the browser leaves out %s", got)
		}
		if got := b.get("/").body; got != "ada" {
			t.Errorf("with a key a page for %q", got)
		}
	})
}

// A browser that could not fetch its cookie says so. It is let in no more for it, but not asked to sign in either.
//
// Rows: D9
func TestSkipped(t *testing.T) {
	for _, c := range []struct {
		value  string
		status int
	}{
		{`server_error;session_identifier="ID"`, 503},
		{`unreachable;session_identifier="other", quota_exceeded;session_identifier="ID"`, 503},
		{`quota_exceeded;session_identifier="other"`, 401},
		{`anything;session_identifier="ID"`, 401},
		{`"server_error";session_identifier="ID"`, 401},
		{`server_error`, 401},
		{`((`, 401},
		{strings.Repeat("a", 1025), 401},
		{`server_error;session_identifier="ID"` + strings.Repeat(", unreachable", 100), 401},
	} {
		inBubble(t, c.value[:min(len(c.value), 40)], func(t *testing.T) {
			s := newSite(t, bound.Options{})
			b := s.bound("ada")
			time.Sleep(time.Minute)
			delete(b.cookies, boundCookie)
			s.heard()
			a := b.send("GET", "/account", http.Header{
				"Secure-Session-Skipped": {strings.ReplaceAll(c.value, "ID", b.id)},
			}, nil)
			if a.status != c.status || a.body == "ada" {
				t.Errorf("answer %d %q, want %d", a.status, a.body, c.status)
			}
			want := event.Unproven
			if c.status == 503 {
				want = event.BindingSkipped
			}
			if told := s.heard(event.BindingSkipped, event.Unproven); len(told) != 1 || told[0].Kind != want {
				t.Errorf("heard %+v", told)
			}
		})
	}
}

// The last known state of a session is no way around the bound cookie, and neither is a route that may go on without a
// session.
//
// Rows: D9, R8
func TestSkippedWhereOutagesAreBridged(t *testing.T) {
	for name, f := range map[string]session.Failure{
		"stale": session.Stale(time.Minute), "optional": session.Optional,
	} {
		inBubble(t, name, func(t *testing.T) {
			s := siteWith(t, memory.New(), session.Options{
				OnFailure: func(*http.Request) session.Failure { return f },
			}, bound.Options{})
			b := s.bound("ada")
			time.Sleep(time.Minute)
			delete(b.cookies, boundCookie)
			a := b.send("GET", "/", http.Header{
				"Secure-Session-Skipped": {`server_error;session_identifier="` + b.id + `"`},
			}, nil)
			if a.body == "ada" {
				t.Error("it is let in")
			}
			if optional := name == "optional"; (a.status == 200) != optional {
				t.Errorf("status %d", a.status)
			}
		})
	}
}

// What holds for a user overrules what holds for everybody, also for sessions that have a key.
//
// Rows: D8
func TestPolicyOfAUserWithAKey(t *testing.T) {
	for _, c := range []struct {
		everybody, user bound.Policy
		seen            bool
	}{
		{bound.Off, bound.Required, false}, {bound.Off, bound.Offered, false}, {bound.Required, bound.Off, true},
	} {
		inBubble(t, fmt.Sprint(c.everybody, c.user), func(t *testing.T) {
			now := bound.Offered
			s := newSite(t, bound.Options{Policy: c.everybody, PolicyOf: func(string) bound.Policy { return now }})
			b := s.bound("ada")
			now = c.user
			time.Sleep(time.Minute)
			delete(b.cookies, boundCookie)
			if got := b.get("/").body == "ada"; got != c.seen {
				t.Errorf("without the bound cookie the session is seen: %v", got)
			}
		})
	}
}
