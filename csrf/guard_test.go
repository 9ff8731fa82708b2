package csrf_test

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/csrf"
	"coatcheck.dev/event"
)

const trusted = "https://accounts.example.com"

// Other hosts of the domain are other sites, as are pages over plain HTTP and WebSockets of other pages. Cookies are
// not asked for at all.
//
// Rows: C9, C11, A20, ASVS 3.5.1, ASVS 3.5.3, ASVS 4.4.2
func TestWhoPasses(t *testing.T) {
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Add(pairs[i], pairs[i+1])
		}
		return h
	}
	for name, c := range map[string]struct {
		method string
		header http.Header
		plain  bool // the request came over plain HTTP, or from a proxy that ended TLS
		passes bool
	}{
		"own page":                 {"POST", header("Sec-Fetch-Site", "same-origin"), false, true},
		"typed by the visitor":     {"POST", header("Sec-Fetch-Site", "none"), false, true},
		"other site":               {"POST", header("Sec-Fetch-Site", "cross-site"), false, false},
		"other host of the domain": {"POST", header("Sec-Fetch-Site", "same-site"), false, false},
		"unknown value":            {"POST", header("Sec-Fetch-Site", "moon"), false, false},
		"other site, origin made to fit": {"POST",
			header("Sec-Fetch-Site", "cross-site", "Origin", "https://shop.example.com"), false, false},
		"trusted origin": {"POST", header("Sec-Fetch-Site", "same-site", "Origin", trusted),
			false, true},
		"trusted host over http": {"POST",
			header("Sec-Fetch-Site", "same-site", "Origin", "http://accounts.example.com"), false, false},
		"trusted host, other port": {"POST",
			header("Sec-Fetch-Site", "same-site", "Origin", trusted+":8443"), false, false},
		"host that begins like a trusted one": {"POST",
			header("Sec-Fetch-Site", "cross-site", "Origin", trusted+".evil.example"), false, false},
		"old browser, own page":           {"POST", header("Origin", "https://shop.example.com"), false, true},
		"old browser, other site":         {"POST", header("Origin", "https://evil.example"), false, false},
		"old browser, trusted origin":     {"POST", header("Origin", trusted), false, true},
		"old browser, sandboxed page":     {"POST", header("Origin", "null"), false, false},
		"old browser, own host over http": {"POST", header("Origin", "http://shop.example.com"), false, false},
		"plain site, own page":            {"POST", header("Origin", "http://shop.example.com"), true, true},
		"behind a proxy that ended TLS":   {"POST", header("Origin", "https://shop.example.com"), true, true},
		"no browser":                      {"POST", header(), false, true},
		"two origins, the own one first": {"POST",
			header("Origin", "https://shop.example.com", "Origin", "https://evil.example"), false, false},
		"two origins, none first": {"POST", header("Origin", "", "Origin", "https://evil.example"), false, false},
		"twice where it comes from": {"POST",
			header("Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "cross-site"), false, false},
		"link from elsewhere":   {"GET", header("Sec-Fetch-Site", "cross-site"), false, true},
		"image on another site": {"HEAD", header("Sec-Fetch-Site", "cross-site"), false, true},
		"preflight": {"OPTIONS",
			header("Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"), false, true},
		"PUT":                      {"PUT", header("Sec-Fetch-Site", "cross-site"), false, false},
		"DELETE":                   {"DELETE", header("Sec-Fetch-Site", "cross-site"), false, false},
		"PATCH":                    {"PATCH", header("Sec-Fetch-Site", "cross-site"), false, false},
		"method that nobody knows": {"BREW", header("Sec-Fetch-Site", "cross-site"), false, false},
		"method in small letters":  {"get", header("Sec-Fetch-Site", "cross-site"), false, false},
		"method override by header": {"POST",
			header("Sec-Fetch-Site", "cross-site", "X-HTTP-Method-Override", "GET"), false, false},
		"WebSocket, own page": {"GET",
			header("Upgrade", "websocket", "Sec-Fetch-Site", "same-origin", "Origin",
				"https://shop.example.com"), false, true},
		"WebSocket, other site": {"GET",
			header("Upgrade", "websocket", "Sec-Fetch-Site", "cross-site", "Origin",
				"https://evil.example"), false, false},
		"WebSocket, old browser, other site": {"GET",
			header("Upgrade", "websocket", "Origin", "https://evil.example"), false, false},
		"WebSocket, no browser": {"GET", header("Upgrade", "websocket"), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "https://shop.example.com/cart", nil)
			r.Header = c.header
			if c.plain {
				r.TLS = nil
			} else if r.TLS == nil {
				r.TLS = &tls.ConnectionState{}
			}
			called := false
			guard := csrf.New(csrf.Options{TrustedOrigins: []string{trusted}})
			w := httptest.NewRecorder()
			guard.Handler(http.HandlerFunc(func(_ http.ResponseWriter, inner *http.Request) {
				called = true
				if inner.Method != c.method {
					t.Errorf("the handler sees method %s, want %s", inner.Method, c.method)
				}
			})).ServeHTTP(w, r)
			if called != c.passes || (w.Code == http.StatusForbidden) == c.passes {
				t.Errorf("handler called: %v, status %d, want passes = %v", called, w.Code, c.passes)
			}
			if err := guard.Check(r); (err == nil) != c.passes {
				t.Errorf("Check = %v, want passes = %v", err, c.passes)
			}
		})
	}
}

func TestRefusalIsAClearPageThatNobodyKeeps(t *testing.T) {
	w := httptest.NewRecorder()
	csrf.New(csrf.Options{}).Handler(never(t)).ServeHTTP(w, forged())
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Vary": "Sec-Fetch-Site, Origin",
		"X-Content-Type-Options": "nosniff",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "another site") {
		t.Errorf("status %d and page %q", w.Code, w.Body)
	}
}

// Rows: C9
func TestVaryOnlyWhereTheAnswerDependsOnIt(t *testing.T) {
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	for method, want := range map[string]string{"GET": "", "HEAD": "", "OPTIONS": "",
		"POST": "Sec-Fetch-Site, Origin"} {
		w := httptest.NewRecorder()
		csrf.New(csrf.Options{}).Handler(ok).ServeHTTP(w, httptest.NewRequest(method, "/", nil))
		if got := w.Header().Get("Vary"); got != want {
			t.Errorf("%s: Vary %q, want %q", method, got, want)
		}
	}
}

// Nobody is told by CORS that other sites may come in: neither by what passes nor by what does not.
//
// Rows: A22
func TestGuardLetsNobodyInByCORS(t *testing.T) {
	guard := csrf.New(csrf.Options{TrustedOrigins: []string{trusted}})
	handler := guard.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, origin := range []string{"https://evil.example", "null", trusted} {
		for _, method := range []string{"OPTIONS", "GET", "POST"} {
			r := httptest.NewRequest(method, "https://shop.example.com/cart", nil)
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", "POST")
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			for name := range w.Header() {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s from %s: the answer has %s", method, origin, name)
				}
			}
		}
	}
}

func TestDeniedHandler(t *testing.T) {
	for name, c := range map[string]struct {
		denied http.HandlerFunc
		status int
	}{
		"status by default":    {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "no") }, 403},
		"status of its own":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, 404},
		"status of http.Error": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 400) }, 400},
		"reached by controller": {func(w http.ResponseWriter,
			_ *http.Request) {
			io.WriteString(w, "no")
			flush(t, w)
		}, 403},
	} {
		w := httptest.NewRecorder()
		csrf.New(csrf.Options{Denied: c.denied}).Handler(never(t)).ServeHTTP(w, forged())
		if w.Code != c.status {
			t.Errorf("%s: status %d, want %d", name, w.Code, c.status)
		}
	}
}

// An answer without a body is refused as well.
func TestRefusalOfHead(t *testing.T) {
	r := forged()
	r.Method = http.MethodHead
	r.Header.Set("Upgrade", "websocket")
	w := httptest.NewRecorder()
	csrf.New(csrf.Options{}).Handler(never(t)).ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || w.Body.Len() > 0 {
		t.Errorf("status %d with %d bytes", w.Code, w.Body.Len())
	}
}

// Early hints are not the status of the answer.
func TestDeniedHandlerMaySendHints(t *testing.T) {
	denied := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "no")
	})
	site := httptest.NewServer(csrf.New(csrf.Options{Denied: denied}).Handler(never(t)))
	defer site.Close()
	r := forged()
	u, err := url.Parse(site.URL)
	if err != nil {
		t.Fatal(err)
	}
	r.URL, r.RequestURI = u, ""
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestObserversHearOfRefusals(t *testing.T) {
	for _, reportOnly := range []bool{false, true} {
		var events []event.Event
		var log strings.Builder
		called := false
		queue := event.NewQueue(func(e event.Event) { events = append(events, e) },
			event.LogEvents(slog.New(slog.NewTextHandler(&log, nil))))
		guard := csrf.New(csrf.Options{InsecureReportOnly: reportOnly, Events: queue})
		handler := guard.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
		handler.ServeHTTP(httptest.NewRecorder(), forged())
		queue.Flush(t.Context())
		if called != reportOnly || len(events) != 1 {
			t.Fatalf("report only %v: handler called %v, %d events", reportOnly, called, len(events))
		}
		e, r := events[0], events[0].Request
		if e.Kind != event.CrossSite || r.Refused == reportOnly || e.Reason == "" || e.At.IsZero() ||
			e.Address != "192.0.2.1" ||
			r.Method != "POST" || r.Host != "example.com" || r.Path != "/cart" || r.Site != "cross-site" ||
			len(r.Origin) != 256 {
			t.Errorf("event %+v of request %+v", e, r)
		}
		if !strings.Contains(log.String(), string(event.CrossSite)) || !strings.Contains(log.String(), "/cart") {
			t.Errorf("log %q", log.String())
		}
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/cart", nil))
		queue.Flush(t.Context())
		if len(events) != 1 {
			t.Errorf("a request that passes was reported: %+v", events[1:])
		}
	}
}

// Behind a proxy it is the client that is named.
func TestEventsNameTheClientBehindAProxy(t *testing.T) {
	var addresses []string
	queue := event.NewQueue(func(e event.Event) { addresses = append(addresses, e.Address) })
	for _, proxies := range [][]netip.Prefix{nil, {netip.MustParsePrefix("192.0.2.0/24")}} {
		guard := csrf.New(csrf.Options{Events: queue, TrustedProxies: proxies})
		r := forged()
		r.Header.Set("X-Forwarded-For", "203.0.113.9, 198.51.100.7")
		guard.Handler(never(t)).ServeHTTP(httptest.NewRecorder(), r)
	}
	queue.Flush(t.Context())
	if want := []string{"192.0.2.1", "198.51.100.7"}; !slices.Equal(addresses, want) {
		t.Errorf("addresses %q, want %q", addresses, want)
	}
}

func TestOriginsThatCannotMatchAreRefused(t *testing.T) {
	for origin, says := range map[string]string{
		"":                               "is no origin",
		"null":                           "is no origin",
		"*":                              "is no origin",
		"example.com":                    "is no origin",
		"ftp://example.com":              "is no origin",
		"https://":                       "is no origin",
		"https://*.example.com":          "name each one",
		"https://b\u00fccher.example":    "punycode",
		"HTTPS://Pay.Example":            `write "https://pay.example"`,
		"https://example.com/":           `write "https://example.com"`,
		"https://example.com/pay":        `write "https://example.com"`,
		"https://example.com?a":          `write "https://example.com"`,
		"https://ada@example.com":        `write "https://example.com"`,
		"HTTPS://example.com":            `write "https://example.com"`,
		"https://Example.com":            `write "https://example.com"`,
		"https://example.com:443":        `write "https://example.com"`,
		"http://example.com:80":          `write "http://example.com"`,
		"https://example.com:":           `write "https://example.com"`,
		"https://example.com, https://b": "is no origin",
		"https://[::1]:443":              `write "https://[::1]"`,
		"http://[::1]:":                  `write "http://[::1]"`,
		"https://example.com:08443":      "no browser sends",
		"https://example.com:70000":      "no browser sends",
		"https://example.com:0":          "no browser sends",
	} {
		err := csrf.Options{TrustedOrigins: []string{origin}}.Check()
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want an error that says %q", origin, err, says)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q: New accepts it", origin)
				}
			}()
			csrf.New(csrf.Options{TrustedOrigins: []string{origin}})
		}()
	}
	for _, origin := range []string{trusted, "http://localhost:8080", "https://example.com:8443", "http://[::1]:8080",
		"capacitor://localhost", "tauri://localhost", "chrome-extension://abcdefghijklmnopabcdefghijklmnop"} {
		if err := (csrf.Options{TrustedOrigins: []string{origin}}).Check(); err != nil {
			t.Errorf("%q: %v", origin, err)
		}
	}
}

// Apps are trusted by their own schemes, and pages without an origin only where the program says how dangerous that is.
func TestAppsAndPagesWithoutOrigin(t *testing.T) {
	guard := csrf.New(csrf.Options{TrustedOrigins: []string{"capacitor://localhost"}})
	open := csrf.New(csrf.Options{InsecureTrustNullOrigin: true})
	for _, tt := range []struct {
		guard  *csrf.Guard
		origin string
		passes bool
	}{
		{guard, "capacitor://localhost", true}, {guard, "capacitor://evil", false}, {guard, "null", false},
		{open, "null", true}, {open, "capacitor://localhost", false}, {open, "https://evil.example", false},
	} {
		r := httptest.NewRequest("POST", "https://shop.example/", nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", tt.origin)
		if err := tt.guard.Check(r); (err == nil) != tt.passes {
			t.Errorf("%s: %v, want it to pass: %v", tt.origin, err, tt.passes)
		}
	}
}

func FuzzTrustedOrigins(f *testing.F) {
	f.Add(trusted)
	f.Add("https://*.example.com")
	f.Add("http://[::1]:8080")
	f.Fuzz(func(t *testing.T, origin string) {
		options := csrf.Options{TrustedOrigins: []string{origin}}
		if options.Check() != nil {
			return
		}
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", origin)
		if err := csrf.New(options).Check(r); err != nil {
			t.Errorf("%q is accepted as an option and refused in a request: %v", origin, err)
		}
	})
}

// forged is a request that a page of another site makes the browser send.
func forged() *http.Request {
	r := httptest.NewRequest("POST", "http://example.com/cart", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://"+strings.Repeat("x", 500)+".example")
	return r
}

func never(t *testing.T) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter,
		*http.Request) {
		t.Error("a forged request reached the handler")
	})
}

func flush(t *testing.T, w http.ResponseWriter) {
	if err := http.NewResponseController(w).Flush(); err != nil {
		t.Errorf("flush: %v", err)
	}
}

// A handshake of a WebSocket has no Sec-Fetch-Site in some browsers, so that hosts are compared. Proxies say in many
// ways which host a request was for.
//
// Rows: ASVS 4.4.2, A20
func TestOwnOriginBehindProxies(t *testing.T) {
	const proxy, stranger = "10.0.0.1:1234", "203.0.113.7:1234"
	for _, tt := range []struct {
		why, peer, host, origin string
		header                  http.Header
		passes                  bool
	}{
		{"as it is", stranger, "app.example", "https://app.example", nil, true},
		{"in capitals", stranger, "App.Example", "https://app.example", nil, true},
		{"with the default port", stranger, "app.example:443", "https://app.example", nil, true},
		{"with the port of http", stranger, "app.example:80", "https://app.example", nil, false},
		{"another port", stranger, "app.example:8443", "https://app.example", nil, false},
		{"no port, and nobody to believe", stranger, "app.example", "https://app.example:8443", nil, false},
		{"the host of the upstream", proxy, "127.0.0.1:3000", "https://app.example",
			http.Header{"X-Forwarded-Host": {"app.example"}}, true},
		{"the host of the upstream, of a stranger", stranger, "127.0.0.1:3000", "https://app.example",
			http.Header{"X-Forwarded-Host": {"app.example"}}, false},
		{"a proxy that leaves out the port", proxy, "app.example", "https://app.example:8443", nil, true},
		{"a proxy that says the port", proxy, "app.example", "https://app.example:8443",
			http.Header{"X-Forwarded-Port": {"8443"}}, true},
		{"a proxy that says another port", proxy, "app.example", "https://app.example:8443",
			http.Header{"X-Forwarded-Port": {"9443"}}, false},
		{"another site", proxy, "app.example", "https://evil.example", nil, false},
		{"a host that begins alike", proxy, "app.example", "https://app.example.evil.example", nil, false},
		{"a host that ends alike", proxy, "app.example", "https://evil.app.example", nil, false},
		{"the proxy's own address", proxy, "127.0.0.1:3000", "http://127.0.0.1:3000",
			http.Header{"X-Forwarded-Host": {"app.example"}}, false},
		{"a plain page of the same host", proxy, "app.example", "http://app.example",
			http.Header{"X-Forwarded-Proto": {"https"}}, false},
		{"a page without origin", proxy, "app.example", "null", nil, false},
	} {
		for _, method := range []string{"POST", "GET"} {
			r := httptest.NewRequest(method, "http://"+tt.host+"/", nil)
			r.RemoteAddr = tt.peer
			for name, values := range tt.header {
				r.Header[name] = values
			}
			r.Header.Set("Origin", tt.origin)
			if method == "GET" {
				r.Header.Set("Upgrade", "websocket")
			}
			g := csrf.New(csrf.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
			if err := g.Check(r); (err == nil) != tt.passes {
				t.Errorf("%s, %s: got %v, passes should be %t", tt.why, method, err, tt.passes)
			}
		}
	}
}
