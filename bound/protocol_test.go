package bound_test

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/cookie"
)

// The scenarios of web-platform-tests, folder device-bound-session-credentials, as far as they concern a server, under
// their names. What the browser does in them is in test/bound, with a real one.
//
// Rows: D1, D2, D3, D6, D10
func TestWebPlatformScenarios(t *testing.T) {
	for name, scenario := range map[string]func(t *testing.T){
		"create-session":                   createSession,
		"credentials-matching":             credentialsMatching,
		"include-site":                     includeSite,
		"not-secure-connection":            notSecureConnection,
		"refresh-does-not-send-challenge":  refreshDoesNotSendChallenge,
		"refresh-replaces-config":          refreshReplacesConfig,
		"refresh-with-continue-false":      refreshWithContinueFalse,
		"registration-sends-challenge":     registrationSendsChallenge,
		"session-cookie-has-no-attributes": sessionCookieHasNoAttributes,
		"set-authorization":                setAuthorization,
		"set-early-challenge":              setEarlyChallenge,
		"set-scope-origin":                 setScopeOrigin,
		"set-scope-specification":          setScopeSpecification,
	} {
		t.Run(name, scenario)
	}
}

func createSession(t *testing.T) {
	s := newSite(t, bound.Options{})
	b := s.browser()
	a := b.signIn("ada")
	want := `(ES256 RS256);path="` + prefix + `register";challenge="` + b.offer.challenge +
		`";authorization="` + b.offer.authorization + `"`
	if got := a.header.Get("Secure-Session-Registration"); a.status != http.StatusSeeOther || got != want {
		t.Errorf("the sign-in has status %d and offers\n%s, want\n%s", a.status, got, want)
	}
	a = b.register(nil)
	if a.status != http.StatusOK || !a.setsBound() || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("register: %d %v", a.status, a.header)
	}
}

// What is set and what the browser looks for are the same cookie.
func credentialsMatching(t *testing.T) {
	for _, o := range []bound.Options{{}, {Site: "shop.test"}, {Cookie: "__Secure-b"}} {
		b := newSite(t, o).browser()
		b.signIn("ada")
		a := b.register(nil)
		var set cookie.Parsed
		for _, line := range a.header["Set-Cookie"] {
			if p := cookie.Parse(line); strings.Contains(p.Name, "b") && !strings.HasPrefix(p.Name, "__Host-session=") {
				set = p
			}
		}
		credential := b.instructions(a)["credentials"].([]any)[0].(map[string]any)
		asked := cookie.Parse(credential["name"].(string) + "=v; " + credential["attributes"].(string))
		got, want := set.Cookie(time.Now()), asked.Cookie(time.Now())
		if got.MaxAge < 5*time.Minute {
			t.Errorf("the cookie lives for %v", got.MaxAge)
		}
		got.Value, got.MaxAge, got.Expires = want.Value, 0, time.Time{}
		if credential["type"] != "cookie" || !reflect.DeepEqual(got, want) {
			t.Errorf("the cookie is %+v, and the browser looks for %+v", got, want)
		}
	}
}

func includeSite(t *testing.T) {
	b := newSite(t, bound.Options{Site: "shop.test", Origins: []string{"https://eu.shop.test"}}).browser()
	b.signIn("ada")
	in := b.instructions(b.register(nil))
	scope := in["scope"].(map[string]any)
	if scope["include_site"] != true || scope["origin"] != "https://shop.test" {
		t.Errorf("scope %v", scope)
	}
	a := b.send("GET", "/.well-known/device-bound-sessions", nil, func(r *http.Request) { r.Header.Del("Cookie") })
	if a.status != http.StatusOK || a.body != `{"registering_origins":["https://eu.shop.test"]}`+"\n" {
		t.Errorf("well-known: %d %s", a.status, a.body)
	}
	if a := b.send("POST", "/.well-known/device-bound-sessions", nil, nil); a.status != http.StatusMethodNotAllowed {
		t.Errorf("well-known by POST: %d", a.status)
	}
	one := newSite(t, bound.Options{}).browser()
	if a := one.get("/.well-known/device-bound-sessions"); strings.Contains(a.body, "registering") {
		t.Error("a site of one host has that file, too")
	}
}

// Browsers ignore an offer that comes without TLS, and a server before which another one ends TLS cannot tell. The
// cookie is for https alone in any case.
func notSecureConnection(t *testing.T) {
	b := newSite(t, bound.Options{}).browser()
	b.signIn("ada")
	for _, line := range b.register(nil).header["Set-Cookie"] {
		if p := cookie.Parse(line); !p.Cookie(time.Now()).Secure {
			t.Errorf("%s is not Secure", line)
		}
	}
}

func refreshDoesNotSendChallenge(t *testing.T) {
	b := newSite(t, bound.Options{}).bound("ada")
	before := b.sign
	a := b.refresh(func(f *forgery) { f.raw = func(string) string { return "" } })
	if a.status != http.StatusForbidden || a.setsBound() || b.sign != before {
		t.Errorf("a refresh with nothing signed: %d, challenge %q, want 403 and %q", a.status, b.sign, before)
	}
	if a := b.refresh(nil); a.status != http.StatusOK || !a.setsBound() || b.sign == before {
		t.Errorf("signed: %d, next challenge %q", a.status, b.sign)
	}
}

func refreshReplacesConfig(t *testing.T) {
	b := newSite(t, bound.Options{Open: []string{"/help"}}).browser()
	b.signIn("ada")
	first := b.instructions(b.register(nil))
	if second := b.instructions(b.refresh(nil)); !reflect.DeepEqual(first, second) {
		t.Errorf("the refresh has %v, the registration %v", second, first)
	}
}

func refreshWithContinueFalse(t *testing.T) {
	for name, end := range map[string]func(s *site, b *browser){
		"sign-out": func(_ *site, b *browser) { b.send("POST", "/out", nil, nil) },
		"revoked": func(s *site, b *browser) {
			if n, err := s.sessions.RevokeUser(t.Context(), "ada"); n != 1 || err != nil {
				t.Error(n, err)
			}
		},
		"cut off": func(s *site, b *browser) {
			if err := s.sessions.RevokeBefore(t.Context(), time.Now()); err != nil {
				t.Error(err)
			}
		},
		"signed in again": func(_ *site, b *browser) { b.signIn("ada") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, bound.Options{})
			b := s.bound("ada")
			end(s, b)
			s.heard()
			a := b.refresh(nil)
			if a.status != http.StatusOK || a.setsBound() || b.instructions(a)["continue"] != false ||
				b.instructions(a)["session_identifier"] != b.id {
				t.Errorf("answer %d %s", a.status, a.body)
			}
			if told := s.heard(refusals...); len(told) > 0 {
				t.Errorf("an honest browser caused %+v", told)
			}
		})
	}
}

func registrationSendsChallenge(t *testing.T) {
	b := newSite(t, bound.Options{}).browser()
	b.signIn("ada")
	b.register(nil)
	if b.sign == "" {
		t.Fatal("the registration brings no challenge")
	}
	if a := b.refresh(nil); a.status != http.StatusOK {
		t.Errorf("it is not good for the next refresh: %d", a.status)
	}
}

// The session of a bound visitor is a Lax cookie, and the bound cookie is like it, so that a link from elsewhere has
// either or none.
func sessionCookieHasNoAttributes(t *testing.T) {
	b := newSite(t, bound.Options{}).browser()
	b.signIn("ada")
	credential := b.instructions(b.register(nil))["credentials"].([]any)[0].(map[string]any)
	if got := credential["attributes"]; got != "Path=/; Secure; HttpOnly; SameSite=Lax" {
		t.Errorf("attributes %q", got)
	}
}

func setAuthorization(t *testing.T) {
	s := newSite(t, bound.Options{})
	one, two := s.browser(), s.browser()
	one.signIn("ada")
	two.signIn("ada")
	if len(one.offer.authorization) < 20 || one.offer.authorization == two.offer.authorization {
		t.Errorf("authorizations %q and %q", one.offer.authorization, two.offer.authorization)
	}
}

// The next challenge comes with each success, and is good for longer than the bound cookie.
func setEarlyChallenge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSite(t, bound.Options{}).bound("ada")
		var signed []string
		for range 5 {
			if slices.Contains(signed, b.sign) {
				t.Fatal("a challenge was given twice")
			}
			signed = append(signed, b.sign)
			time.Sleep(19 * time.Minute)
			if a := b.refresh(nil); a.status != http.StatusOK {
				t.Fatalf("after 19 minutes: %d", a.status)
			}
			b.get("/") // the request that waits for the cookie is the use of the session
		}
		time.Sleep(20 * time.Minute)
		if a := b.refresh(nil); a.status != http.StatusForbidden {
			t.Errorf("after 20 minutes: %d", a.status)
		}
		if a := b.refresh(nil); a.status != http.StatusOK {
			t.Errorf("the fresh one: %d", a.status)
		}
	})
}

func setScopeOrigin(t *testing.T) {
	b := newSite(t, bound.Options{}).browser()
	b.signIn("ada")
	scope := b.instructions(b.register(nil))["scope"].(map[string]any)
	if _, there := scope["origin"]; there || scope["include_site"] != false {
		t.Errorf("scope %v, want the origin of the answer", scope)
	}
}

func setScopeSpecification(t *testing.T) {
	b := newSite(t, bound.Options{Open: []string{"/help"}}).browser()
	b.signIn("ada")
	in := b.instructions(b.register(nil))
	want := []any{
		map[string]any{"type": "exclude", "path": prefix}, map[string]any{"type": "exclude", "path": "/help"},
	}
	if got := in["scope"].(map[string]any)["scope_specification"]; !reflect.DeepEqual(got, want) {
		t.Errorf("rules %v", got)
	}
	if in["refresh_url"] != prefix+"refresh" || !reflect.DeepEqual(in["allowed_refresh_initiators"], []any{"*"}) {
		t.Errorf("instructions %v", in)
	}
}

// The endpoints answer to POST alone, and to nobody who embeds them or reads them from elsewhere.
//
// Rows: D6, A22
func TestEndpoints(t *testing.T) {
	b := newSite(t, bound.Options{}).bound("ada")
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "refresh", 405}, {"OPTIONS", "refresh", 405}, {"PUT", "register", 405}, {"HEAD", "register", 405},
		{"POST", "", 404}, {"GET", "other", 404},
	} {
		a := b.send(c.method, prefix+c.path, http.Header{"Origin": {"https://evil.test"}}, nil)
		if a.status != c.status || a.setsBound() {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, a.status, c.status)
		}
		for name := range a.header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s %s has %s", c.method, c.path, name)
			}
		}
		if a.header.Get("X-Frame-Options") != "DENY" || a.header.Get("Cross-Origin-Resource-Policy") != "same-site" ||
			!strings.Contains(a.header.Get("Cache-Control"), "no-store") {
			t.Errorf("%s %s has %v", c.method, c.path, a.header)
		}
	}
}

// Where another site made the browser send the request that waits, Chromium sends the refresh without cookies.
func TestRefreshWithoutCookies(t *testing.T) {
	s := newSite(t, bound.Options{})
	b := s.bound("ada")
	if a := b.refresh(func(f *forgery) { f.cookies = false }); a.status != http.StatusOK || !a.setsBound() {
		t.Errorf("answer %d %s", a.status, a.body)
	}
	if got := b.get("/").body; got != "ada" {
		t.Errorf("a page for %q", got)
	}
	// Handles are no secret: whoever knows one learns nothing, and cannot cry wolf.
	s.heard()
	stranger := s.browser()
	stranger.id, stranger.sign = b.id, b.sign
	if a := stranger.refresh(nil); a.status != http.StatusUnauthorized || a.setsBound() {
		t.Errorf("a stranger has %d", a.status)
	}
	if told := s.heard("authn_token_reuse"); len(told) > 0 {
		t.Errorf("heard %+v", told)
	}
}

// After a step-up the session has another handle. The key stays good until the browser has shown its next one.
func TestStepUp(t *testing.T) {
	for _, c := range []struct {
		name      string
		registers bool
	}{{"and the browser registers again", true}, {"and it does not", false}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, bound.Options{})
				b := s.bound("ada")
				time.Sleep(time.Minute)
				old := b.copied()
				old.key = b.key
				if a := b.send("POST", "/again", nil, nil); a.header.Get("Secure-Session-Registration") == "" {
					t.Error("the step-up offers no registration")
				}
				thief := b.copied()
				delete(thief.cookies, boundCookie)
				if got := thief.get("/").body; got != "" {
					t.Errorf("after the step-up, without the bound cookie: a page for %q", got)
				}
				if c.registers {
					if a := b.register(nil); a.status != http.StatusOK {
						t.Fatalf("register: %d", a.status)
					}
				}
				time.Sleep(9 * time.Minute)
				if a := b.refresh(nil); a.status != http.StatusOK {
					t.Fatalf("refresh: %d %s", a.status, a.body)
				}
				if got := b.get("/").body; got != "ada" {
					t.Errorf("a page for %q", got)
				}
				if c.registers { // the older key has had its time
					old.cookies = b.copied().cookies
					if a := old.refresh(nil); a.setsBound() {
						t.Error("the older key is good for another cookie")
					}
				}
			})
		})
	}
}

// A browser has several sessions at a site, and learns from each challenge which one it is for.
//
// Rows: D5
func TestChallengesNameTheirSession(t *testing.T) {
	s := newSite(t, bound.Options{})
	b := s.browser()
	b.signIn("ada")
	for _, a := range []*answer{
		b.register(nil),
		b.refresh(nil),
		b.refresh(func(f *forgery) { f.raw = func(string) string { return "" } }), // asks for a challenge
	} {
		if line := a.header.Get("Secure-Session-Challenge"); !strings.HasSuffix(line, `";id="`+b.id+`"`) {
			t.Errorf("%d %s", a.status, line)
		}
	}
}
