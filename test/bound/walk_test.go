package bound

import (
	"testing"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/event"
)

const cookieName = "__Host-session-bound"

// short has Chromium fetch a bound cookie every few seconds.
func short() bound.Options {
	return bound.Options{Lifetime: 2 * time.Second, LifetimeBelowQuota: true, Grace: 5 * time.Second}
}

// A browser registers after the redirect of a sign-in, and fetches its cookie by the challenge that it has at hand.
func TestRegistrationAndRefresh(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil, short())
	ada := s.signedIn()
	c := ada.Cookie(cookieName)
	if c == nil || !c.HTTPOnly || !c.Secure || c.Session {
		t.Fatalf("the bound cookie is %+v", c)
	}
	for range 3 {
		ada.AwaitNoCookie(cookieName)
		ada.Navigate(s.url + "/")
		if got := ada.Text("h1"); got != "ada" {
			t.Errorf("the page is for %q", got)
		}
	}
	for _, r := range s.posts("refresh") {
		if r.Header.Get("Secure-Session-Response") == "" {
			t.Error("a refresh without a proof: the challenge that was given before was not used")
		}
	}
	if n := s.count(event.Unproven) + s.count(event.ProofRefused) + s.count(event.Theft); n > 0 {
		t.Errorf("an honest browser was turned away: %v", s.told())
	}
}

// A browser that has no challenge at hand, because the last one is over, is given one and comes again at once.
func TestRefreshByChallenge(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil, short())
	ada := s.signedIn()
	ada.AwaitNoCookie(cookieName)
	time.Sleep(3 * time.Second) // until the challenge is over as well
	ada.Navigate(s.url + "/")
	if got := ada.Text("h1"); got != "ada" {
		t.Errorf("the page is for %q", got)
	}
	if s.count(event.ProofRefused) == 0 {
		t.Error("the challenge was good for longer than it may be")
	}
}

// Chromium sends a refresh without any cookie if another site made it send the request that waits.
func TestLinkFromAnotherSite(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil, short())
	ada := s.signedIn()
	ada.AwaitNoCookie(cookieName)
	before := len(s.posts("refresh"))
	ada.Navigate("data:text/html,<a href='" + s.url + "/'>go</a>")
	ada.Submit("a")
	if got := ada.Text("h1"); got != "ada" {
		t.Errorf("the page is for %q", got)
	}
	posts := s.posts("refresh")[before:]
	if len(posts) == 0 || len(posts[0].Header["Cookie"]) > 0 {
		t.Error("the refresh came with cookies: this proves nothing")
	}
}

// What a thief has is worthless when the bound cookie ends, and the owner notices nothing.
func TestCopiedCookies(t *testing.T) {
	t.Parallel()
	opts := short()
	s := newSite(t, nil, opts)
	ada, thief := s.signedIn(), s.visitor()
	ada.Navigate(s.url + "/")
	thief.Plant(ada.Cookies())
	thief.Navigate(s.url + "/")
	if got := thief.Text("h1"); got != "ada" {
		t.Fatalf("the copy shows a page for %q at first: this proves nothing", got)
	}
	time.Sleep(opts.Lifetime + opts.Grace)
	thief.Navigate(s.url + "/")
	if got := thief.Text("h1"); got != "" {
		t.Errorf("the copy shows a page for %q", got)
	}
	if s.count(event.Unproven) == 0 {
		t.Errorf("nobody heard of it: %v", s.told())
	}
	if status := thief.Navigate(s.url + "/me"); status != 401 {
		t.Errorf("the copy has status %d", status)
	}
	ada.Navigate(s.url + "/")
	if got := ada.Text("h1"); got != "ada" {
		t.Errorf("the owner's page is for %q", got)
	}
}

func TestRestartKeepsTheBinding(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil, short())
	ada := s.signedIn()
	ada.Restart()
	ada.WatchBinding()
	for range 2 {
		ada.Navigate(s.url + "/")
		if got := ada.Text("h1"); got != "ada" {
			t.Errorf("the page is for %q", got)
		}
		ada.AwaitNoCookie(cookieName)
	}
}

// However a session ends, the browser drops its key.
func TestEndReachesTheBrowser(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(s *site){
		"revoke": func(s *site) {
			list, err := s.sessions.List(s.t.Context(), "ada")
			if err != nil || len(list) != 1 {
				s.t.Fatal(list, err)
			}
			if _, err := s.sessions.Revoke(s.t.Context(), list[0].Handle); err != nil {
				s.t.Fatal(err)
			}
		},
		"revoke user": func(s *site) {
			if _, err := s.sessions.RevokeUser(s.t.Context(), "ada"); err != nil {
				s.t.Fatal(err)
			}
		},
		"revoke all": func(s *site) {
			if err := s.sessions.RevokeBefore(s.t.Context(), time.Now()); err != nil {
				s.t.Fatal(err)
			}
		},
		"sign out": nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil, short())
			ada := s.signedIn()
			if end != nil {
				end(s)
				ada.AwaitNoCookie(cookieName)
				ada.Navigate(s.url + "/")
			} else {
				ada.Navigate(s.url + "/out")
			}
			ada.AwaitBindingEvent("termination ServerRequested", 1)
			if got := ada.Text("h1"); got != "" {
				t.Errorf("the page is for %q", got)
			}
			if ada.Cookie(cookieName) != nil {
				t.Error("the bound cookie is still there")
			}
		})
	}
}
