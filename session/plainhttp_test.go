package session_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A lanCase is a request that came over plain HTTP, by all that the server can know unless the case says otherwise.
type lanCase struct {
	host    string
	header  http.Header
	tls     bool
	proxied bool // from a trusted proxy
	dropped bool // whether a browser drops a Secure cookie of the answer
}

func (c lanCase) request() *http.Request {
	r := httptest.NewRequest("POST", "/login", nil)
	r.Host = c.host
	maps.Copy(r.Header, c.header)
	if c.tls {
		r.TLS = new(tls.ConnectionState)
	}
	return r
}

func with(name, value string) http.Header { return http.Header{name: {value}} }

var (
	toldHTTPS = with("X-Forwarded-Proto", "https")
	toldHTTP  = with("X-Forwarded-Proto", "http")
	toldHost  = with("X-Forwarded-Host", "dev.lan")
)

var lanCases = map[string]lanCase{
	"LAN name":            {host: "dev.lan", dropped: true},
	"with a port":         {host: "dev.lan:8080", dropped: true},
	"in capitals":         {host: "DEV.LAN:8080", dropped: true},
	"with a final dot":    {host: "dev.lan.:8080", dropped: true},
	"address":             {host: "192.168.1.5:8080", dropped: true},
	"every address":       {host: "0.0.0.0:8080", dropped: true},
	"IPv6":                {host: "[fd00::1]:8080", dropped: true},
	"IPv6 without a port": {host: "[fd00::1]", dropped: true},
	"IPv4 within IPv6":    {host: "[::ffff:127.0.0.1]:8080", dropped: true},
	"like localhost":      {host: "localhost.lan:8080", dropped: true},
	"ends like localhost": {host: "notlocalhost:8080", dropped: true},
	"one word":            {host: "intranet", dropped: true},

	"localhost":                  {host: "localhost:8080"},
	"localhost in capitals":      {host: "LOCALHOST"},
	"localhost with a final dot": {host: "localhost.:8080"},
	"below localhost":            {host: "shop.localhost:8080"},
	"127.0.0.1":                  {host: "127.0.0.1:8080"},
	"127.9.9.9":                  {host: "127.9.9.9"},
	"::1":                        {host: "[::1]:8080"},
	"::1 without a port":         {host: "[::1]"},
	"httptest's own":             {host: "example.com"},
	"no host":                    {host: ""},

	"https":                   {host: "dev.lan", tls: true},
	"https by a proxy":        {host: "dev.lan", header: toldHTTPS, proxied: true},
	"https by a stranger":     {host: "dev.lan", header: toldHTTPS},
	"https in capitals":       {host: "dev.lan", header: with("X-Forwarded-Proto", "HTTPS")},
	"https, then http":        {host: "dev.lan", header: with("X-Forwarded-Proto", "https, http")},
	"http, then https":        {host: "dev.lan", header: with("X-Forwarded-Proto", "http, https"), dropped: true},
	"https by RFC 7239":       {host: "dev.lan", header: with("Forwarded", `for=192.0.2.1; Proto="https", for=::1`)},
	"http by RFC 7239":        {host: "dev.lan", header: with("Forwarded", "proto=http, proto=https"), dropped: true},
	"https as a scheme":       {host: "dev.lan", header: with("X-Forwarded-Scheme", "https")},
	"https as SSL":            {host: "dev.lan", header: with("X-Forwarded-Ssl", "on")},
	"http as no SSL":          {host: "dev.lan", header: with("X-Forwarded-Ssl", "off"), dropped: true},
	"https by IIS":            {host: "dev.lan", header: with("Front-End-Https", "On")},
	"http by a stranger":      {host: "dev.lan", header: toldHTTP, dropped: true},
	"http by a proxy":         {host: "dev.lan", header: toldHTTP, proxied: true, dropped: true},
	"http before https":       {host: "dev.lan", header: toldHTTP, tls: true, proxied: true, dropped: true},
	"the proxy's own name":    {host: "localhost", header: toldHost, proxied: true, dropped: true},
	"a stranger's other name": {host: "dev.lan", header: with("X-Forwarded-Host", "localhost"), dropped: true},

	"page over http":              {host: "dev.lan:8080", header: with("Origin", "http://dev.lan:8080"), dropped: true},
	"page over https":             {host: "dev.lan", header: with("Origin", "https://dev.lan")},
	"browser that trusts it":      {host: "dev.lan", header: with("Sec-Fetch-Site", "same-origin")},
	"cookie that came back":       {host: "dev.lan", header: with("Cookie", "__Host-session="+unknownTicket(1))},
	"somebody else's cookie":      {host: "dev.lan", header: with("Cookie", "session=1"), dropped: true},
	"browser of another one":      {host: "dev.lan", header: with("Origin", "null"), dropped: true},
	"name longer than there are":  {host: strings.Repeat("a", 1000) + ".lan", dropped: true},
	"IPv6 that is no host at all": {host: "fd00::1", dropped: true},
}

// Over plain HTTP browsers drop a Secure cookie, but from localhost. A session that no browser could come back with is
// not begun: a sign-in fails, and says why.
//
// Rows: R20
func TestNoSessionBeginsThatNoBrowserComesBackWith(t *testing.T) {
	for name, c := range lanCases {
		t.Run(name, func(t *testing.T) {
			var events recorder
			st := memory.New()
			o := session.Options{Events: event.NewQueue(events.observe)}
			b := newBrowser(t, nil)
			if c.proxied {
				o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
			}
			m := newManager(t, st, o)
			b.site = func(next http.HandlerFunc) http.Handler { return m.Handler(next) }
			for range 3 {
				b.send(c.request(), func(_ http.ResponseWriter, r *http.Request) {
					s := session.From(r.Context())
					err := s.SignIn("ada", session.Remember)
					if errors.Is(err, session.ErrPlainHTTP) != c.dropped || (err == nil) == c.dropped {
						t.Errorf("sign-in: %v", err)
					}
					if err != nil && !strings.Contains(err.Error(), "InsecureCookie") {
						t.Errorf("no remedy is named: %v", err)
					}
					if problem := s.CookieProblem(); c.dropped && problem == nil {
						t.Error("a page would not say why")
					}
					if s.SignedIn() == c.dropped {
						t.Errorf("signed in: %t", s.SignedIn())
					}
				})
				a := b.send(c.request(), func(_ http.ResponseWriter, r *http.Request) {
					if err := note.Set(session.From(r.Context()), "kept"); err != nil {
						t.Error(err) // what a visitor stores is dropped, and a probe of the page stays well
					}
				})
				if c.dropped && len(a.setCookies()) > 0 {
					t.Errorf("cookies: %q", a.setCookies())
				}
			}
			if n := rows(t, st); c.dropped != (n == 0) {
				t.Errorf("%d records", n)
			}
			warned := len(events.of(t, m, event.PlainHTTP))
			if c.dropped && warned != 1 || !c.dropped && warned != 0 {
				t.Errorf("%d warnings: %s", warned, events.kinds())
			}
		})
	}
}

// Without Secure the cookie stays, and for programs that take their ticket from a header nothing changes.
//
// Rows: R20
func TestSessionsOverPlainHTTPWhereTheyCanBe(t *testing.T) {
	for name, o := range map[string]session.Options{
		"insecure": {InsecureCookie: true},
		"header":   {Header: func(*http.Request) bool { return true }},
	} {
		t.Run(name, func(t *testing.T) {
			var events recorder
			o.Events = event.NewQueue(events.observe)
			st := memory.New()
			m := newManager(t, st, o)
			a := newBrowser(t, m).send(lanCases["LAN name"].request(), func(_ http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				if err := s.SignIn("ada"); err != nil || s.CookieProblem() != nil {
					t.Error(err, s.CookieProblem())
				}
			})
			if rows(t, st) != 1 || len(events.of(t, m, event.PlainHTTP)) != 0 {
				t.Errorf("%s; events: %s", describe(a), events.kinds())
			}
		})
	}
}

// Clients choose the hosts, so the warnings and what is remembered of them are bounded.
//
// Rows: R20, I9
func TestWarningsOfPlainHTTPAreBounded(t *testing.T) {
	var events recorder
	m := newManager(t, memory.New(), session.Options{Events: event.NewQueue(events.observe)})
	b := newBrowser(t, m)
	for i := range 300 {
		b.send(lanCase{host: fmt.Sprintf("%d.lan", i)}.request(), func(_ http.ResponseWriter, r *http.Request) {
			if err := session.From(r.Context()).SignIn("ada"); !errors.Is(err, session.ErrPlainHTTP) {
				t.Errorf("host %d: %v", i, err)
			}
		})
	}
	if n := len(events.of(t, m, event.PlainHTTP)); n != 100 {
		t.Errorf("%d warnings, want 100", n)
	}
}

// A session that is there goes on, whatever carries it: its client has shown that it brings the cookie.
func TestSessionThatIsThereGoesOnOverPlainHTTP(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
		b := newBrowser(t, m)
		b.signIn("ada")
		for _, change := range []func(*session.Session) error{
			func(s *session.Session) error { return s.StepUp() },
			func(s *session.Session) error { return note.Set(s, "kept") },
			func(s *session.Session) error { return s.SignIn("ada") },
			func(s *session.Session) error { return s.SignOut() },
		} {
			b.send(lanCase{host: "dev.lan"}.request(), func(_ http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				if user := s.User(); user != "ada" {
					t.Errorf("%q is signed in", user)
				}
				if err := change(s); err != nil {
					t.Error(err)
				}
			})
		}
		if b.ticket() != "" {
			t.Error("the cookie of the session that was signed out is still there")
		}
	})
}

// A program that takes no events is not left without a word: what no browser could do is in its log, once.
//
// Rows: R20
func TestProgramsThatTakeNoEventsAreWarnedToo(t *testing.T) {
	m := newManager(t, memory.New(), session.Options{})
	text := logged(func() {
		for range 3 {
			newBrowser(t, m).send(lanCase{host: "dev.lan"}.request(), func(_ http.ResponseWriter, r *http.Request) {
				if err := session.From(r.Context()).SignIn("ada"); !errors.Is(err, session.ErrPlainHTTP) {
					t.Error(err)
				}
			})
		}
	})
	if strings.Count(text, "\n") != 1 || !strings.Contains(text, "level=WARN") || !strings.Contains(text, "dev.lan") ||
		!strings.Contains(text, "InsecureCookie") {
		t.Errorf("logged %q, want one line that names the host and what helps", text)
	}
}
