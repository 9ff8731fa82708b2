package gate_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// The peer of these requests is 127.0.0.1.
//
// Rows: A31
func TestForwardedHeadersAreBelievedFromTrustedProxiesAlone(t *testing.T) {
	from := func(lines ...string) http.Header { return http.Header{"X-Forwarded-For": lines} }
	all := func(header http.Header, more ...string) http.Header {
		for i := 0; i < len(more); i += 2 {
			header[more[i]] = append(header[more[i]], more[i+1])
		}
		return header
	}
	const client, peer = "203.0.113.9", "127.0.0.1"
	for _, tt := range []struct {
		why     string
		trusted string
		header  http.Header
		want    string // X-Forwarded-For
		host    string // "" for the Host header
		proto   string
	}{
		{"nobody is trusted", "", all(from(client), "X-Forwarded-Host", "shop.example", "X-Forwarded-Proto", "https"),
			peer, "", "http"},
		{"somebody else is trusted", "10.0.0.0/8",
			all(from(client), "X-Forwarded-Host", "shop.example", "X-Forwarded-Proto", "https"), peer, "", "http"},
		{"the proxy is trusted", "127.0.0.0/8", all(from(client), "X-Forwarded-Host", "shop.example",
			"X-Forwarded-Proto", "https"), client + ", " + peer, "shop.example", "https"},
		{"a proxy that says nothing", "127.0.0.0/8", http.Header{}, peer, "", "http"},
		{"what the client wrote", "127.0.0.0/8", from("6.6.6.6, " + client), client + ", " + peer, "", "http"},
		{"what the client wrote in a line of its own", "127.0.0.0/8", from("6.6.6.6", client), client + ", " + peer,
			"", "http"},
		{"what the client wrote is a trusted address", "127.0.0.0/8", from("127.0.0.9,6.6.6.6", client),
			client + ", " + peer, "", "http"},
		{"two proxies", "127.0.0.0/8 10.0.0.0/8", from("6.6.6.6, " + client + ",10.1.2.3"),
			client + ", 10.1.2.3, " + peer, "", "http"},
		{"two proxies in two lines", "127.0.0.0/8 10.0.0.0/8", from("6.6.6.6, "+client, "10.1.2.3"),
			client + ", 10.1.2.3, " + peer, "", "http"},
		{"two proxies, one not trusted", "127.0.0.0/8", from(client + ", 10.1.2.3"), "10.1.2.3, " + peer, "", "http"},
		{"all are trusted", "127.0.0.0/8", from("127.0.0.3, 127.0.0.2"), "127.0.0.3, 127.0.0.2, " + peer, "", "http"},
		{"IPv6", "127.0.0.0/8 fd00::/8", from("2001:db8::7, fd00::1"), "2001:db8::7, fd00::1, " + peer, "", "http"},
		{"with ports and brackets", "127.0.0.0/8 fd00::/8", from("[2001:db8::7]:443, [fd00::1]"),
			"2001:db8::7, fd00::1, " + peer, "", "http"},
		{"with a port", "127.0.0.0/8", from(client + ":17085"), client + ", " + peer, "", "http"},
		{"no address", "127.0.0.0/8", from(client + ", unknown"), peer, "", "http"},
		{"no address in front", "127.0.0.0/8", from("<script>, 127.0.0.2"), "127.0.0.2, " + peer, "", "http"},
		{"empty", "127.0.0.0/8", from("", ","), peer, "", "http"},
		{"endless", "127.0.0.0/8", from(strings.Repeat("127.0.0.2,", 2000) + "127.0.0.2"),
			strings.Repeat("127.0.0.2, ", 16) + peer, "", "http"},
		{"two hosts, two schemes", "127.0.0.0/8", http.Header{"X-Forwarded-Host": {"a", "b"},
			"X-Forwarded-Proto": {"https", "http"}}, peer, "", "http"},
		{"lists", "127.0.0.0/8", http.Header{"X-Forwarded-Host": {"a, b"}, "X-Forwarded-Proto": {"https, http"}}, peer,
			"", "http"},
		{"no scheme, no host", "127.0.0.0/8", http.Header{"X-Forwarded-Host": {"a@b/c"},
			"X-Forwarded-Proto": {"javascript"}}, peer, "", "http"},
		{"others of the family", "127.0.0.0/8", http.Header{"X-Real-Ip": {"6.6.6.6"}, "Forwarded": {"for=6.6.6.6"},
			"X_Forwarded_For": {"6.6.6.6"}, "X-Forwarded-Port": {"1"}}, peer, "", "http"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			st := newSite(t, echo, func(s *setup) {
				for cidr := range strings.FieldsSeq(tt.trusted) {
					s.session.TrustedProxies = append(s.session.TrustedProxies, netip.MustParsePrefix(cidr))
				}
			})
			host := tt.host
			if host == "" {
				host = strings.TrimPrefix(st.url, "http://")
			}
			got := st.visitor().do("GET", "/", tt.header).seen(t)
			for name, want := range map[string]string{"X-Forwarded-For": tt.want, "X-Forwarded-Host": host,
				"X-Forwarded-Proto": tt.proto} {
				if values := got.Header[name]; len(values) != 1 || values[0] != want {
					t.Errorf("%s is %q, want %q", name, values, want)
				}
			}
			for name := range got.Header {
				switch plain := strings.ReplaceAll(strings.ToLower(name), "_", "-"); {
				case name == "X-Forwarded-For" || name == "X-Forwarded-Host" || name == "X-Forwarded-Proto":
				case strings.HasPrefix(plain, "x-forwarded-") || plain == "forwarded" || plain == "x-real-ip":
					t.Errorf("%s reached the app", name)
				}
			}
		})
	}
}

// Rows: A31
func TestIgnoredForwardedHeadersAreWarnedAboutOnce(t *testing.T) {
	const warning = "start with --trust-proxy 127.0.0.1"
	st := newSite(t, echo)
	st.visitor().get("/")
	if log := st.log.String(); strings.Contains(log, warning) {
		t.Errorf("a warning without a cause: %s", log)
	}
	for range 3 {
		st.visitor().do("GET", "/", http.Header{"X-Forwarded-Proto": {"https"}})
	}
	if log := st.log.String(); strings.Count(log, warning) != 1 {
		t.Errorf("want one warning: %s", log)
	}
	trusting := newSite(t, echo, func(s *setup) {
		s.session.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	trusting.visitor().do("GET", "/", http.Header{"X-Forwarded-For": {"203.0.113.9"}})
	if log := trusting.log.String(); strings.Contains(log, "--trust-proxy") {
		t.Errorf("a trusted proxy is warned about: %s", log)
	}
}
