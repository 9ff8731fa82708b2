package event_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"coatcheck.dev/event"
)

// from is a request that comes from the proxy 10.0.0.1, or from peer, with these headers.
func from(peer, host string, header http.Header) *http.Request {
	r := httptest.NewRequest("GET", "http://"+host+"/", nil)
	r.RemoteAddr, r.Header = peer, header
	return r
}

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

// Proxies write addresses with a port, in brackets, or both; some write addresses of IPv4 as ones of IPv6.
func TestClientAddressIsReadAsProxiesWriteIt(t *testing.T) {
	for forwarded, want := range map[string]string{
		"203.0.113.7":                         "203.0.113.7",
		"203.0.113.7:17085":                   "203.0.113.7",
		"[2001:db8::5]:443":                   "2001:db8::5",
		"[2001:db8::5]":                       "2001:db8::5",
		"2001:db8::5":                         "2001:db8::5",
		"2001:DB8:0::5":                       "2001:db8::5",
		"::ffff:203.0.113.7":                  "203.0.113.7",
		"[::ffff:203.0.113.7]:1":              "203.0.113.7",
		"203.0.113.7, 10.0.0.3:555":           "203.0.113.7",
		"203.0.113.7:1, [fd00::3]:5":          "203.0.113.7",
		"6.6.6.6, 203.0.113.7:1, [fd00::3]":   "203.0.113.7",
		"203.0.113.7:port":                    "10.0.0.1",
		"[203.0.113.7":                        "10.0.0.1",
		"203.0.113.7]":                        "10.0.0.1",
		"[]":                                  "10.0.0.1",
		"2001:db8::5:443:443:443:443:443:443": "10.0.0.1",
		"_hidden":                             "10.0.0.1",
		"":                                    "10.0.0.1",
	} {
		r := from("10.0.0.1:1234", "app", http.Header{"X-Forwarded-For": {forwarded}})
		if got := event.ClientAddress(r, proxies); got != want {
			t.Errorf("%q: got %s, want %s", forwarded, got, want)
		}
	}
}

func TestClientHostIsATrustedProxysWord(t *testing.T) {
	for _, tt := range []struct {
		why, peer, host string
		header          http.Header
		want            string
	}{
		{"no proxy", "203.0.113.7:1", "app.example:8443", http.Header{"X-Forwarded-Host": {"evil.example"}},
			"app.example:8443"},
		{"a proxy that hands on the Host header", "10.0.0.1:1", "app.example:8443", nil, "app.example:8443"},
		{"a proxy that writes its own", "10.0.0.1:1", "127.0.0.1:3000",
			http.Header{"X-Forwarded-Host": {"app.example:8443"}}, "app.example:8443"},
		{"a proxy that says the port elsewhere", "10.0.0.1:1", "app.example",
			http.Header{"X-Forwarded-Port": {"8443"}}, "app.example:8443"},
		{"the port is said twice", "10.0.0.1:1", "127.0.0.1:3000",
			http.Header{"X-Forwarded-Host": {"app.example:1"}, "X-Forwarded-Port": {"8443"}}, "app.example:1"},
		{"IPv6 without a port", "10.0.0.1:1", "[2001:db8::5]", http.Header{"X-Forwarded-Port": {"8443"}},
			"[2001:db8::5]:8443"},
		{"a port that is none", "10.0.0.1:1", "app.example", http.Header{"X-Forwarded-Port": {"1.evil.example"}},
			"app.example"},
		{"hosts of two proxies", "10.0.0.1:1", "app.example", http.Header{"X-Forwarded-Host": {"a, b"}}, "app.example"},
		{"more than a host", "10.0.0.1:1", "app.example", http.Header{"X-Forwarded-Host": {"a@b/c"}}, "app.example"},
	} {
		if got := event.ClientHost(from(tt.peer, tt.host, tt.header), proxies); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.why, got, tt.want)
		}
	}
}

func TestClientSchemeIsATrustedProxysWord(t *testing.T) {
	said := func(proto ...string) http.Header { return http.Header{"X-Forwarded-Proto": proto} }
	for _, tt := range []struct {
		why, peer string
		header    http.Header
		tls       bool
		want      string
	}{
		{"plain", "203.0.113.7:1", nil, false, "http"},
		{"TLS", "203.0.113.7:1", nil, true, "https"},
		{"a stranger's word", "203.0.113.7:1", said("https"), false, "http"},
		{"a stranger's word against TLS", "203.0.113.7:1", said("http"), true, "https"},
		{"a proxy's word", "10.0.0.1:1", said("https"), false, "https"},
		{"a proxy's word against TLS", "[fd00::1]:1", said("http"), true, "http"},
		{"no scheme of ours", "10.0.0.1:1", said("javascript"), false, "http"},
		{"two schemes", "10.0.0.1:1", said("https", "http"), false, "http"},
	} {
		r := from(tt.peer, "app.example", tt.header)
		if tt.tls {
			r.TLS = &tls.ConnectionState{}
		}
		if got := event.ClientScheme(r, proxies); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.why, got, tt.want)
		}
	}
}

// Hosts as Chromium 156 judges them: it keeps Secure cookies of these over plain HTTP, and of no others.
func TestTrustworthy(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:8080": true, "LOCALHOST.:8080": true, "a.localhost": true, "a.localhost.:1": true,
		"127.0.0.1": true, "127.9.9.9:80": true, "[::1]": true, "[::1]:8080": true, "::1": true, "[0:0:0::1]:1": true,
		"": false, ":80": false, "dev.lan": false, "dev.lan.:8080": false, "localhost.lan": false, "mylocalhost": false,
		"localhost.localdomain": false, "0.0.0.0:80": false, "192.168.1.5": false, "[::ffff:127.0.0.1]:80": false,
		"[::ffff:7f00:1]": false, "[fe80::1%25eth0]:80": false, "[::1": false, "127.1": false, "[]": false, "[": false,
	} {
		if got := event.Trustworthy("http", host); got != want {
			t.Errorf("http://%s: %v, want %v", host, got, want)
		}
		if !event.Trustworthy("https", host) {
			t.Errorf("https://%s is refused", host)
		}
	}
}

func FuzzHostName(f *testing.F) {
	for _, s := range []string{"dev.lan:8080", "[::1]:8080", "[::1", "::1", "a.LOCALHOST.", ":", "[", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		name := event.HostName(host)
		if again := event.HostName(name + ":80"); name != "" && !strings.ContainsAny(name, ":[]") && again != name &&
			!strings.HasSuffix(name, ".") {
			t.Errorf("%q is %q, and with a port %q", host, name, again)
		}
	})
}

// Whatever stands in the header, reading it ends and panics never, and an address comes out as Go writes it.
func FuzzParseHop(f *testing.F) {
	for _, s := range []string{"203.0.113.7:17085", "[2001:db8::5]:443", "[2001:db8::5]", "::ffff:1.2.3.4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, err := event.ParseHop(text)
		if err != nil {
			return
		}
		if again, err := event.ParseHop(address.String()); err != nil || again != address || address.Is4In6() {
			t.Errorf("%q is %s, and that is %s, %v", text, address, again, err)
		}
	})
}
