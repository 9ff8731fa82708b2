package session_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
)

// A surfer is a browser that goes to several hosts, with the cookie jar of net/http.
type surfer struct {
	testing.TB
	m   *session.Manager
	jar *cookiejar.Jar
}

func newSurfer(t *testing.T, m *session.Manager) *surfer {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &surfer{t, m, jar}
}

// at makes a request at a host and returns the cookies that it sets.
func (s *surfer) at(host string, fn func(*session.Session)) []string {
	s.Helper()
	site := &url.URL{Scheme: "https", Host: host, Path: "/"}
	r, w := httptest.NewRequest(http.MethodGet, site.String(), nil), httptest.NewRecorder()
	for _, c := range s.jar.Cookies(site) {
		r.AddCookie(c)
	}
	s.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fn(session.From(r.Context()))
	})).ServeHTTP(w, r)
	s.jar.SetCookies(site, w.Result().Cookies())
	return w.Header()["Set-Cookie"]
}

func (s *surfer) user(host string) (user string) {
	s.Helper()
	s.at(host, func(s *session.Session) { user = s.User() })
	return user
}

// With a domain one session is that of all its hosts, from its sign-in to its sign-out, and of no other host.
//
// Rows: A10, ASVS 3.3.1, ASVS 3.3.3
func TestDomainSharesTheSessionWithItsHosts(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{InsecureDomain: "Shop.example"})
	ada := newSurfer(t, m)
	set := ada.at("www.shop.example", func(s *session.Session) { must(t, s.SignIn("ada", session.Remember)) })
	if len(set) != 1 || !strings.HasPrefix(set[0], "__Secure-session=") {
		t.Fatalf("cookies %q, want one with the prefix __Secure-", set)
	}
	if a := attributesOf(set[0]); a["domain"] != "shop.example" || a["path"] != "/" || a["samesite"] != "Lax" {
		t.Errorf("cookie %q", set[0])
	}
	for _, host := range []string{"www.shop.example", "shop.example", "api.eu.SHOP.example", "api.shop.example:8443"} {
		if u := ada.user(host); u != "ada" {
			t.Errorf("user %q at %s", u, host)
		}
	}
	for _, host := range []string{"example", "other.example", "myshop.example"} {
		if u := ada.user(host); u != "" {
			t.Errorf("user %q at %s, which is outside", u, host)
		}
	}
	set = ada.at("api.shop.example", func(s *session.Session) { must(t, s.SignOut()) })
	if len(set) != 1 || attributesOf(set[0])["domain"] != "shop.example" || attributesOf(set[0])["max-age"] != "0" {
		t.Errorf("cookies %q, want the deletion of the domain's", set)
	}
	at := &url.URL{Scheme: "https", Host: "www.shop.example", Path: "/"}
	if left := ada.jar.Cookies(at); len(left) != 0 {
		t.Errorf("the browser still has %v", left)
	}
}

// At a host outside the domain nobody is signed in and nothing is stored, because no browser would come back with it.
// That is told once for each host, and for no more hosts than a hundred, because a client may name any.
//
// Rows: A10, I6, I9
func TestHostOutsideTheDomainIsTold(t *testing.T) {
	var events recorder
	st := newFaultStore()
	m := newManager(t, st, session.Options{InsecureDomain: "shop.example", Events: event.NewQueue(events.observe)})
	for _, host := range []string{
		"shop.internal", "Shop.internal.", "shop.internal:8080", "notshop.example", "[::1]:80",
	} {
		for range 2 {
			visitor := newSurfer(t, m)
			set := visitor.at(host, func(s *session.Session) {
				if err := s.SignIn("ada"); err == nil || !strings.Contains(err.Error(), "InsecureDomain") {
					t.Errorf("sign-in at %s: %v", host, err)
				}
				must(t, note.Set(s, "x"))
			})
			if len(set) != 0 {
				t.Errorf("%s sets %q", host, set)
			}
		}
	}
	if n := rows(t, st); n != 0 {
		t.Errorf("%d records that nobody will come back for", n)
	}
	told := events.of(t, m, event.Undelivered)
	if len(told) != 3 || !strings.Contains(fmt.Sprint(told[0].Err), `"shop.internal"`) {
		t.Errorf("told %v, want one event for each of three hosts", told)
	}
	for i := range 200 {
		newSurfer(t, m).at(fmt.Sprintf("h%d.internal", i), func(s *session.Session) { _ = s.SignIn("ada") })
	}
	if n := len(events.of(t, m, event.Undelivered)); n != 100 {
		t.Errorf("%d events, want 100 at most", n)
	}
	newSurfer(t, m).at("shop.example.", func(s *session.Session) { must(t, s.SignIn("ada")) })
	newSurfer(t, m).at("example.com", func(s *session.Session) { must(t, s.SignIn("ada")) }) // of httptest
}

// Who changes from the one kind of cookie to the other, with the names of the defaults, has nobody refused for having
// both: the old cookie is another name, and does not count.
//
// Rows: A10
func TestDomainCookieAndHostCookieDoNotMeet(t *testing.T) {
	st := newFaultStore()
	before := newManager(t, st, session.Options{})
	after := newManager(t, st, session.Options{InsecureDomain: "shop.example"})
	ada := newSurfer(t, before)
	ada.at("shop.example", func(s *session.Session) { must(t, s.SignIn("ada")) })
	ada.m = after
	if u := ada.user("shop.example"); u != "" {
		t.Errorf("user %q by the host's cookie", u)
	}
	ada.at("shop.example", func(s *session.Session) { must(t, s.SignIn("ada")) })
	if u := ada.user("shop.example"); u != "ada" {
		t.Errorf("user %q with both cookies", u)
	}
	ada.m = before
	if u := ada.user("shop.example"); u != "ada" {
		t.Errorf("user %q after the change was taken back", u)
	}
}
