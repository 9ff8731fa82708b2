package httpserver_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/httpserver"
	"coatcheck.dev/event"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}

// told returns whom and what the program takes a request for.
func told(peer string, header http.Header) string {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr, r.Host, r.Header = peer, "inner.example", header
	var got string
	site := httpserver.Forwarded(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = strings.Join([]string{
			event.ClientAddress(r, proxies), event.ClientScheme(r, proxies), event.ClientHost(r, proxies),
		}, " ")
	}), proxies)
	site.ServeHTTP(httptest.NewRecorder(), r)
	return got
}

func TestForwardedOfTrustedProxiesCounts(t *testing.T) {
	const nobody = "10.0.0.1 http inner.example"
	for _, c := range []struct{ forwarded, want string }{
		{"for=203.0.113.7;proto=https;host=shop.example", "203.0.113.7 https shop.example"},
		{`For="[2001:db8::5]:4711" ; Proto=HTTPS;by=10.0.0.1`, "2001:db8::5 https inner.example"},
		{`for=6.6.6.6;host=evil.example, for=203.0.113.7;host="a.example:8443"`, "203.0.113.7 http a.example:8443"},
		{"for=203.0.113.7;host=a.example;proto=https, for=10.0.0.2;host=hop.example", "203.0.113.7 https a.example"},
		{"for=203.0.113.7, for=unknown;proto=https", "10.0.0.1 https inner.example"},
		{"for=_hidden", nobody},
		{"", nobody},
		{"for", nobody},
		{`for="203.0.113.7`, nobody},
		{"for=203.0.113.7;for=6.6.6.6", nobody},
		{",, for=203.0.113.7 ,,", "203.0.113.7 http inner.example"},
		{`for="203.0.113.7";host="a.example\\", for=10.0.0.2`, "203.0.113.7 http a.example\\"},
		{`;;=, for=203.0.113.7`, "203.0.113.7 http inner.example"},
		{`for="6.6.6.6, for=203.0.113.7;proto=https`, "203.0.113.7 https inner.example"},
		{strings.Repeat("for=6.6.6.6, ", 1000) + "for=203.0.113.7", "203.0.113.7 http inner.example"},
		{"for=203.0.113.7 evil=1", nobody},
		{"for=203.0.113.7," + strings.Repeat("x=y;", 2000) + "z=1", nobody},
	} {
		header := http.Header{"X-Forwarded-For": {"6.6.6.6"}, "X-Forwarded-Host": {"evil.example"}}
		if c.forwarded != "" {
			header.Set("Forwarded", c.forwarded)
		}
		if got := told("10.0.0.1:1234", header); got != c.want {
			t.Errorf("%.80q: %q; want %q", c.forwarded, got, c.want)
		}
	}
	header := http.Header{"Forwarded": {"for=6.6.6.6;host=evil.example;proto=https"}}
	if got, want := told("203.0.113.7:1", header), "203.0.113.7 http inner.example"; got != want {
		t.Errorf("from somebody else: %q; want %q", got, want)
	}
}

func FuzzForwarded(f *testing.F) {
	f.Add(`for="[2001:db8::5]:4711";proto=https, for=10.0.0.2;host="a\"b"`)
	f.Fuzz(func(t *testing.T, text string) {
		// Whatever stands left of the last proxy's own element changes nothing.
		header := http.Header{"Forwarded": {text, "for=203.0.113.7;proto=https;host=shop.example"}}
		if got := told("10.0.0.1:1234", header); got != "203.0.113.7 https shop.example" {
			t.Errorf("%q: %q", text, got)
		}
	})
}
