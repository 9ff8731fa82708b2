package session_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"coatcheck.dev/session"
)

// What Require answers whoever is not signed in: the sign-in page to a browser that wants a page, 401 to all others.
//
// Rows: A34, ASVS 16.3.2
func TestRequireAsksVisitorsToSignIn(t *testing.T) {
	for _, c := range []struct {
		name, signInPath, method, target, accept string
		want                                     int
		location                                 string
	}{
		{"no page to go to", "", "GET", "/account", "text/html", 401, ""},
		{"browser", "/login", "GET", "/account", "text/html,application/xhtml+xml", 303, "/login?return_to=%2Faccount"},
		{"head", "/login", "HEAD", "/account", "text/html", 303, "/login?return_to=%2Faccount"},
		{"query", "/login", "GET", "/a?b=c&d=e", "text/html", 303, "/login?return_to=%2Fa%3Fb%3Dc%26d%3De"},
		{"script", "/login", "GET", "/api", "application/json", 401, ""},
		{"anything", "/login", "GET", "/api", "*/*", 401, ""},
		{"form", "/login", "POST", "/account", "text/html", 401, ""},
		{"other host in the path", "/login", "GET", "//evil.example/x", "text/html", 303,
			"/login?return_to=%2F%2Fevil.example%2Fx"},
		{"long address", "/login", "GET", "/?q=" + strings.Repeat("x", 4086), "text/html", 303,
			"/login?return_to=%2F%3Fq%3D" + strings.Repeat("x", 4086)}, // 4 KiB
		{"too long", "/login", "GET", "/?q=" + strings.Repeat("x", 4087), "text/html", 303, "/login"},
		{"page with a query", "/login?lang=de", "GET", "/account", "text/html", 303,
			"/login?lang=de&return_to=%2Faccount"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newManager(t, newFaultStore(), session.Options{SignInPath: c.signInPath})
			called := false
			h := m.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
			r := httptest.NewRequest(c.method, "https://site.example"+c.target, nil)
			r.Header.Set("Accept", c.accept)
			a := newBrowser(t, m).send(r, h.ServeHTTP)
			if a.status != c.want || a.header.Get("Location") != c.location || called {
				t.Errorf("answer %s, called: %v; want %d %q", describe(a), called, c.want, c.location)
			}
			if c.want == 401 && a.header.Get("WWW-Authenticate") == "" {
				t.Error("a 401 without a scheme")
			}
			if !headerHas(a.header, "Cache-Control", "no-store") || len(a.setCookies()) != 0 {
				t.Errorf("headers %v", a.header)
			}
			b := newBrowser(t, m)
			b.signIn("ada")
			b.send(httptest.NewRequest(c.method, "https://site.example"+c.target, nil), h.ServeHTTP)
			if !called {
				t.Error("a user who is signed in is not let through")
			}
		})
	}
}

// Visitors who only have a cart are not users.
//
// Rows: A19, A34
func TestRequireWantsAUser(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	b := newBrowser(t, m)
	set(b, cart, []string{"tea"})
	if got := guarded(b, m.Require); got != http.StatusUnauthorized {
		t.Errorf("a visitor is answered %d", got)
	}
}

// While the store cannot tell, a route that goes on without it does not ask people to sign in who may be signed in.
//
// Rows: R8, I10
func TestRequireSendsNobodyToSignInDuringAnOutage(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{SignInPath: "/login",
		OnFailure: func(*http.Request) session.Failure { return session.Optional }})
	b := newBrowser(t, m)
	b.signIn("ada")
	st.down()
	if got := guarded(b, m.Require); got != http.StatusServiceUnavailable {
		t.Errorf("answer %d, want 503", got)
	}
	if got := guarded(newBrowser(t, m), m.Require); got != http.StatusUnauthorized {
		t.Errorf("a stranger is answered %d, want 401", got)
	}
}

// Outside of the manager's handler nobody is signed in.
//
// Rows: ASVS 7.2.1
func TestWithoutTheHandlerNobodyIsSignedIn(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	w := httptest.NewRecorder()
	m.Require(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("answer %d", w.Code)
	}
}

// returnTargets are values of return_to, and whether a browser stays on the site with them.
var returnTargets = map[string]bool{
	"/": true, "/account": true, "/a?b=c#d": true, "/a//b": true, "/%2f/evil.example": true, "/a/../b": true,
	"/search?q=https://evil.example": true, "/@evil.example": true, "/a:b": true, "/ä": true, "/%09/evil.example": true,
	"":                                   false,
	"account":                            false,
	"//evil.example":                     false,
	"///evil.example":                    false,
	"////evil.example":                   false,
	"/\\evil.example":                    false,
	"/\\/evil.example":                   false,
	"\\/evil.example":                    false,
	"\\\\evil.example":                   false,
	"/\t/evil.example":                   false,
	"\t/":                                false,
	"\t//evil.example":                   false,
	" //evil.example":                    false,
	" /account":                          false,
	"/\n/evil.example":                   false,
	"/\r\nSet-Cookie: a=b":               false,
	"/\x00":                              false,
	"/\x7f":                              false,
	"https:":                             false,
	"https://evil.example":               false,
	"https:evil.example":                 false,
	"https:///evil.example":              false,
	"HTTPS://evil.example":               false,
	"//user:secret@evil.example":         false,
	"https://site.example@evil.example":  false,
	"@evil.example":                      false,
	"javascript:alert(1)":                false,
	"data:text/html,x":                   false,
	"?x=1":                               false,
	"#x":                                 false,
	"/%zz":                               false,
	"\u2044/evil.example":                false,
	"%2F%2Fevil.example":                 false,
	"http://site.example:80\\@evil.com/": false,
}

// After sign-in nobody is led away from the site.
//
// Rows: A34, ASVS 3.7.2
func TestReturnToStaysOnTheSite(t *testing.T) {
	for target, ok := range returnTargets {
		want := "/home"
		if ok {
			want = target
		}
		values := url.Values{"return_to": {target}}
		form := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(values.Encode()))
		form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for from, r := range map[string]*http.Request{
			"query": httptest.NewRequest(http.MethodGet, "/login?"+values.Encode(), nil), "form": form,
		} {
			if got := session.ReturnTo(r, "/home"); got != want {
				t.Errorf("%s: ReturnTo(%q) = %q, want %q", from, target, got, want)
			}
		}
	}
	if got := session.ReturnTo(httptest.NewRequest(http.MethodGet, "/login", nil), "/home"); got != "/home" {
		t.Errorf("without the parameter: %q", got)
	}
}

// What Require notes is what ReturnTo gives back, and where a redirect leads.
//
// Rows: A34
func TestRequireAndReturnToAgree(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{SignInPath: "/login"})
	for target, want := range map[string]string{
		"/account": "/account", "/a?b=c&return_to=//evil.example": "/a?b=c&return_to=//evil.example",
		"//evil.example/": "/home", "/\\evil.example": "/home", "/%5Cevil.example": "/%5Cevil.example",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = u
		r.Header.Set("Accept", "text/html")
		a := newBrowser(t, m).send(r, m.Require(http.NotFoundHandler()).ServeHTTP)
		page := httptest.NewRequest(http.MethodGet, a.header.Get("Location"), nil)
		got := session.ReturnTo(page, "/home")
		if target == "/\\evil.example" { // net/url escapes it on the way
			want = "/%5Cevil.example"
		}
		if got != want {
			t.Errorf("from %q back to %q, want %q", target, got, want)
		}
		base := &url.URL{Scheme: "https", Host: "site.example", Path: "/login"}
		if to, err := base.Parse(got); err != nil || to.Host != "site.example" {
			t.Errorf("%q leads to %v, %v", got, to, err)
		}
	}
}

// Each client is refused in the way that it understands (RFC 9110, section 15.5.2; RFC 6750, section 3).
//
// Rows: A34
func TestRequireAnswersInTheClientsWay(t *testing.T) {
	everyRequest := func(*http.Request) bool { return true }
	own := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "our own page") })
	for _, c := range []struct {
		name   string
		header map[string]string
		opts   session.Options
		body   string
		want   map[string]string // headers
	}{
		{"browser", nil, session.Options{}, "Please sign in.\n", map[string]string{"WWW-Authenticate": "Cookie"}},
		{"JSON", map[string]string{"Accept": "application/json"}, session.Options{},
			`{"error":"Please sign in."}` + "\n",
			map[string]string{"Content-Type": "application/json"}},
		{"JSON among others", map[string]string{"Accept": "text/html, application/problem+json"}, session.Options{},
			"Please sign in.\n", nil},
		{"bearer without a token", nil, session.Options{Header: everyRequest}, "Please sign in.\n",
			map[string]string{"WWW-Authenticate": "Bearer"}},
		{"bearer with a wrong token", map[string]string{"Authorization": "Bearer x"},
			session.Options{Header: everyRequest}, "Please sign in.\n",
			map[string]string{"WWW-Authenticate": `Bearer error="invalid_token"`}},
		{"htmx", map[string]string{"HX-Request": "true", "HX-Current-URL": "https://site.example/cart?x=1"},
			session.Options{SignInPath: "/login"}, "Please sign in.\n",
			map[string]string{"HX-Redirect": "/login?return_to=%2Fcart%3Fx%3D1"}},
		{"htmx on a page elsewhere", map[string]string{"HX-Request": "true", "HX-Current-URL": "https://x.example//y"},
			session.Options{SignInPath: "/login"}, "Please sign in.\n", map[string]string{"HX-Redirect": "/login"}},
		{"htmx without a page to go to", map[string]string{"HX-Request": "true"}, session.Options{},
			"Please sign in.\n", map[string]string{"HX-Redirect": ""}},
		{"a page of the app's", map[string]string{"Accept": "application/json"}, session.Options{Denied: own},
			"our own page", map[string]string{"WWW-Authenticate": "Cookie"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newManager(t, newFaultStore(), c.opts)
			r := httptest.NewRequest("POST", "https://site.example/part", nil)
			for name, value := range c.header {
				r.Header.Set(name, value)
			}
			a := newBrowser(t, m).send(r, m.Require(http.NotFoundHandler()).ServeHTTP)
			if a.status != http.StatusUnauthorized || a.body != c.body ||
				!headerHas(a.header, "Cache-Control", "no-store") {
				t.Errorf("%s, %q", describe(a), a.body)
			}
			for name, want := range c.want {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}
