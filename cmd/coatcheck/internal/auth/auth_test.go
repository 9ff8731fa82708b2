package auth_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/auth"
	"coatcheck.dev/cmd/coatcheck/internal/route"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// A site is the server of one proxy, with what its log has.
type site struct {
	*testing.T
	server   *auth.Server
	sessions *session.Manager
	log      *bytes.Buffer
}

func newSite(t *testing.T, proxy string, change ...func(*auth.Options, *session.Options)) *site {
	t.Helper()
	dialect, err := auth.DialectOf(proxy)
	if err != nil {
		t.Fatal(err)
	}
	account, err := route.ParsePattern("/account/")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{T: t, log: new(bytes.Buffer)}
	opts := auth.Options{Dialect: dialect, Log: slog.New(slog.NewTextHandler(s.log, nil))}
	opts.Routes = []route.Route{{Match: account, Access: route.Required}}
	opts.Public = []string{"/static/"}
	has := session.Options{
		SignInPath: "/login", PrivateCaching: true,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
	}
	for _, c := range change {
		c(&opts, &has)
	}
	s.sessions = session.New(memory.New(), has)
	t.Cleanup(func() { s.sessions.Close(context.Background()) })
	s.server = auth.New(s.sessions, opts)
	return s
}

// signIn returns the cookie of a session of a user.
func (s *site) signIn(user string) string {
	s.Helper()
	w := httptest.NewRecorder()
	s.sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := s.sessions.From(r.Context()).SignIn(user); err != nil {
			s.Fatal(err)
		}
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	cookie, _, _ := strings.Cut(w.Result().Header.Get("Set-Cookie"), ";")
	return cookie
}

// nginxSays is what the snippet for nginx sends.
func nginxSays() http.Header {
	return http.Header{
		"X-Original-Method": {"GET"}, "X-Original-Uri": {"/account/"}, "X-Forwarded-For": {"203.0.113.7"},
		"X-Forwarded-Host": {"shop.example"}, "X-Forwarded-Proto": {"https"},
	}
}

func (s *site) ask(path string, header http.Header, change ...func(*http.Request)) *http.Response {
	s.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.RemoteAddr, r.Header = "192.0.2.1:1234", header
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return w.Result()
}

func body(res *http.Response) string {
	text, _ := io.ReadAll(res.Body)
	return string(text)
}

// A proxy that is set up wrongly lets nobody in, and is told what is missing.
func TestWhatAProxyLeavesOut(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(http.Header)
		says   string
	}{
		{"no method", func(h http.Header) { h.Del("X-Original-Method") }, "X-Original-Method is missing"},
		{"no URI", func(h http.Header) { h.Del("X-Original-Uri") }, "X-Original-Uri is missing"},
		{"no host", func(h http.Header) { h.Del("X-Forwarded-Host") }, "X-Forwarded-Host is missing"},
		{"no scheme", func(h http.Header) { h.Del("X-Forwarded-Proto") }, "X-Forwarded-Proto is missing"},
		{"no client", func(h http.Header) { h.Del("X-Forwarded-For") }, "X-Forwarded-For is missing"},
		{"empty URI", func(h http.Header) { h.Set("X-Original-Uri", "") }, "X-Original-Uri is missing"},
		{"two URIs", func(h http.Header) { h.Add("X-Original-Uri", "/static/") }, "more than once"},
		{"two methods", func(h http.Header) { h.Add("X-Original-Method", "GET") }, "more than once"},
		{"two hosts", func(h http.Header) { h.Set("X-Forwarded-Host", "a.example, b.example") }, "is no host"},
		{"two host lines", func(h http.Header) { h.Add("X-Forwarded-Host", "b.example") }, "more than once"},
		{"odd scheme", func(h http.Header) { h.Set("X-Forwarded-Proto", "ftp") }, "neither http nor https"},
		{"no path", func(h http.Header) { h.Set("X-Original-Uri", "account") }, "begin with a slash"},
		{"whole URL", func(h http.Header) { h.Set("X-Original-Uri", "http://evil.example/") }, "begin with a slash"},
		{"bad escape", func(h http.Header) { h.Set("X-Original-Uri", "/%zz") }, "cannot be read"},
		{"bad method", func(h http.Header) { h.Set("X-Original-Method", "GE T") }, "is no method"},
		{"another dialect", func(h http.Header) {
			h.Del("X-Original-Uri")
			h.Set("X-Forwarded-Uri", "/static/")
		}, "coatcheck snippet nginx"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, header := newSite(t, "nginx"), nginxSays()
			c.change(header)
			for range 3 {
				res := s.ask(auth.Path, header)
				if got := body(res); res.StatusCode != http.StatusBadRequest || !strings.Contains(got, c.says) {
					t.Errorf("%d %s, want %q", res.StatusCode, got, c.says)
				}
			}
			if n := strings.Count(s.log.String(), "\n"); n != 1 {
				t.Errorf("%d lines in the log: %s", n, s.log)
			}
		})
	}
}

// Whoever asks may name any client, so nobody but a trusted proxy is answered.
func TestOnlyTrustedProxiesAreAnswered(t *testing.T) {
	s := newSite(t, "nginx")
	cookie := s.signIn("ada")
	for _, path := range []string{auth.Path, auth.Whole} {
		for range 3 {
			header := nginxSays()
			header.Set("Cookie", cookie)
			res := s.ask(path, header, func(r *http.Request) { r.RemoteAddr = "198.51.100.1:1" })
			if res.StatusCode != http.StatusForbidden || res.Header["Coatcheck-User"] != nil {
				t.Errorf("%s: %d %v", path, res.StatusCode, res.Header)
			}
		}
	}
	if n := strings.Count(s.log.String(), "--trust-proxy 198.51.100.1"); n != 1 {
		t.Errorf("%d lines in the log: %s", n, s.log)
	}
}

func TestOtherPathsAreNotThere(t *testing.T) {
	s := newSite(t, "nginx")
	for _, path := range []string{"/", "/account/", "/.coatcheck/", "/.coatcheck/auth/", "/.coatcheck/authx"} {
		res := s.ask(path, nginxSays())
		if got := body(res); res.StatusCode != http.StatusNotFound || !strings.Contains(got, "beside nginx") {
			t.Errorf("%s: %d %s", path, res.StatusCode, got)
		}
	}
}

// Every header that may name the visitor is there, so that none of the client's stands in its place.
func TestAllIdentityHeadersAreThere(t *testing.T) {
	for _, proxy := range []string{"nginx", "caddy", "traefik", "haproxy"} {
		s := newSite(t, proxy, func(o *auth.Options, _ *session.Options) {
			o.Token = func(*session.Session) (string, error) { return "signed", nil }
		})
		cookie := s.signIn("Jürgen")
		for _, c := range []struct{ uri, cookie, user, authorization, cache string }{
			{"/", "", "", "", ""},
			{"/", cookie, "J%C3%BCrgen", "Bearer signed", "private"},
			{"/static/a", cookie, "", "", ""},
			{"/", cookie + "x", "", "", ""},
		} {
			header := nginxSays()
			header.Set("X-Original-Uri", c.uri)
			header.Set("X-Forwarded-Method", "GET")
			header.Set("X-Forwarded-Uri", c.uri)
			header.Set("Authorization", "Bearer of the client")
			if c.cookie != "" {
				header.Set("Cookie", c.cookie)
			}
			res := s.ask(auth.Path, header)
			h := res.Header
			if res.StatusCode != 200 || h.Get("Coatcheck-User") != c.user ||
				h.Get("Authorization") != c.authorization || h.Get("Coatcheck-Cache-Control") != c.cache ||
				h.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: %d %v", proxy, c.uri, res.StatusCode, h)
			}
			for _, name := range []string{"User", "Session", "Data", "Bound", "Cache-Control"} {
				if len(h["Coatcheck-"+name]) != 1 {
					t.Errorf("%s %s: Coatcheck-%s is %q", proxy, c.uri, name, h["Coatcheck-"+name])
				}
			}
		}
	}
}

// nginx takes any answer but 401 and 403 for a failure, and asks again for the whole of it.
func TestNginxHearsTheWholeAnswerWhenItAsksAgain(t *testing.T) {
	s := newSite(t, "nginx")
	header := nginxSays()
	header.Set("Accept", "text/html")
	if res := s.ask(auth.Path, header); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("at first: %d", res.StatusCode)
	}
	res := s.ask(auth.Whole, header)
	const signIn = "/login?return_to=%2Faccount%2F"
	if to := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || to != signIn {
		t.Errorf("the whole: %d to %s", res.StatusCode, to)
	}
	// By the second time somebody may have signed in.
	header.Set("Cookie", s.signIn("ada"))
	res = s.ask(auth.Whole, header)
	if to := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || to != "/account/" ||
		res.Header["Coatcheck-User"] != nil {
		t.Errorf("after sign-in: %d %v", res.StatusCode, res.Header)
	}
	header.Set("X-Original-Method", "POST")
	header.Set("Sec-Fetch-Site", "same-origin")
	res = s.ask(auth.Whole, header)
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("a form after sign-in: %d %v", res.StatusCode, res.Header)
	}
}

// Envoy asks with the method and the path of the client, below a prefix.
// nginx passes a fragment on, and some servers of apps end the path before it.
//
// Rows: A33
func TestAFragmentIsNoWayAroundARoute(t *testing.T) {
	for _, proxy := range []string{"nginx", "haproxy"} {
		s := newSite(t, proxy)
		for _, uri := range []string{"/account/#", "/account/#x", "/account#/x", "/account/#/../../static/a",
			"/static/#/../../account/", "/account/%23x"} {
			header := nginxSays()
			header.Set("X-Original-Uri", uri)
			if res := s.ask(auth.Path, header); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s %s: %d", proxy, uri, res.StatusCode)
			}
		}
	}
}

func TestEnvoyAsksBelowThePath(t *testing.T) {
	s := newSite(t, "envoy")
	cookie := s.signIn("ada")
	for _, c := range []struct {
		method, uri, header string
		want                int
	}{
		{"GET", "/account/?a=b", "Accept: text/html", 303},
		{"GET", "/account/?a=b", "Cookie: " + cookie, 200},
		{"GET", "//account/", "Accept: application/json", 401},
		{"GET", "/static/a", "X-None: 1", 200},
		{"POST", "/", "Sec-Fetch-Site: cross-site", 403},
		{"POST", "/", "Sec-Fetch-Site: same-origin", 200},
		{"GET", "", "X-None: 1", 400},
		{"GET", "/", "X-Forwarded-Host: evil.example", 400},
		{"GET", "/", "X-Forwarded-Port: 9", 400},
	} {
		name, value, _ := strings.Cut(c.header, ": ")
		header := http.Header{"X-Forwarded-For": {"203.0.113.7"}, "X-Forwarded-Proto": {"https"}}
		header.Set(name, value)
		res := s.ask(auth.Path+c.uri, header, func(r *http.Request) { r.Method = c.method })
		if res.StatusCode != c.want {
			t.Errorf("%s %s with %s: %d %s, want %d", c.method, c.uri, c.header, res.StatusCode, body(res), c.want)
		}
	}
}

// A proxy that drops Set-Cookie sends a browser back once, and never to another site.
func TestABrowserIsSentBackOnceForItsNewTicket(t *testing.T) {
	s := newSite(t, "caddy", func(_ *auth.Options, o *session.Options) {
		o.RotateEvery, o.RotationGrace = 2*time.Millisecond, time.Millisecond
	})
	ask := func(uri, cookie string, more ...string) *http.Response {
		header := nginxSays()
		header.Del("X-Original-Uri")
		header["X-Forwarded-Method"], header["X-Forwarded-Uri"] = []string{"GET"}, []string{uri}
		header["Cookie"], header["Accept"] = []string{cookie}, []string{"text/html"}
		for _, line := range more {
			name, value, _ := strings.Cut(line, ": ")
			header.Set(name, value)
		}
		return s.ask(auth.Path, header)
	}
	cookie := s.signIn("ada")
	time.Sleep(5 * time.Millisecond) // the ticket gets old
	for _, c := range []struct {
		uri, more string
		status    int
	}{
		{"//evil.example/account/", "", 200},
		{`/\evil.example`, "", 200},
		{"/account/", "Sec-Fetch-Mode: cors", 200},
		{"/account/", "X-Forwarded-Method: HEAD", 200},
		{"/account/?a=b", "", 303},
		{"/account/?a=b", "", 200}, // a browser that keeps no cookies is in no circle
		{"/", "Sec-Fetch-Mode: navigate", 200},
	} {
		res := ask(c.uri, cookie, c.more)
		if res.StatusCode != c.status || c.status == 303 && (res.Header.Get("Location") != c.uri ||
			len(res.Header["Set-Cookie"]) != 1 || res.Header["Coatcheck-User"] != nil) {
			t.Errorf("%s %s: %d %v", c.uri, c.more, res.StatusCode, res.Header)
		}
	}
}

// FuzzOriginal checks that nothing a proxy may be made to say lets a visitor in where a user is needed, and that no
// answer leads to another site.
func FuzzOriginal(f *testing.F) {
	f.Add("GET", "/account/", "shop.example", "203.0.113.7", "text/html")
	f.Add("POST", "//evil.example/account/", "a, b", "", "")
	f.Add("OPTIONS", "*", "[::1]:80", "x", "application/json")
	f.Add("GET", "/x/%2e%2e/account/;a", "\x00", "1, 2", "")
	dialect, err := auth.DialectOf("haproxy")
	if err != nil {
		f.Fatal(err)
	}
	everything, err := route.ParsePattern("/")
	if err != nil {
		f.Fatal(err)
	}
	opts := auth.Options{Dialect: dialect, Log: slog.New(slog.DiscardHandler)}
	opts.Routes = []route.Route{{Match: everything, Access: route.Required}}
	server := auth.New(session.New(memory.New(), session.Options{
		SignInPath: "/login", TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
	}), opts)
	f.Fuzz(func(t *testing.T, method, uri, host, client, accept string) {
		r := httptest.NewRequest("GET", auth.Path, nil)
		r.RemoteAddr = "192.0.2.1:1"
		for name, value := range map[string]string{
			"X-Original-Method": method, "X-Original-Uri": uri, "X-Forwarded-Host": host, "X-Forwarded-For": client,
			"X-Forwarded-Proto": "https", "Accept": accept,
		} {
			r.Header[name] = []string{value}
		}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		to := w.Result().Header.Get("Location")
		if w.Code < 300 || to != "" && !strings.HasPrefix(to, "/login?return_to=") {
			t.Errorf("%s %q: %d to %q", method, uri, w.Code, to)
		}
	})
}
