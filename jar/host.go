package jar

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"
)

// canonicalHost returns the host of a URL as cookies know it: in lower case and punycode, without port and brackets.
func canonicalHost(u *url.URL) string {
	for i := range len(u.Host) {
		if c := u.Host[i]; !hostBytes[c] || c == ':' {
			return CanonicalHost(u.Hostname())
		}
	}
	return u.Host
}

// CanonicalHost returns a host name as cookies know it: in lower case and punycode.
func CanonicalHost(host string) string {
	for i := range len(host) {
		if c := host[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return toASCII(strings.ToLower(host))
		}
	}
	return host
}

// toASCII encodes labels in punycode where they need it, without the mappings of UTS 46: the URLs of requests have
// been mapped before. An overlong name stays as it is, because encoding takes quadratic time.
func toASCII(host string) string {
	if len(host) > maxHost {
		return host
	}
	labels := strings.Split(host, ".")
	for i, label := range labels {
		if strings.IndexFunc(label, func(r rune) bool { return r > unicode.MaxASCII }) >= 0 {
			labels[i] = "xn--" + punycode(label)
		}
	}
	return strings.Join(labels, ".")
}

// maxHost is the length in bytes that a host name may have before it is encoded; encoded ones have at most 253.
const maxHost = 1024

// punycode encodes a label (RFC 3492 section 6.3).
func punycode(label string) string {
	const base, tMin, tMax, skew, damp = 36, 1, 26, 38, 700
	var out []byte
	runes := []rune(label)
	for _, r := range runes {
		if r <= unicode.MaxASCII {
			out = append(out, byte(r))
		}
	}
	handled := len(out)
	basic := handled
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := rune(128), 0, 72
	for handled < len(runes) {
		next := unicode.MaxRune
		for _, r := range runes {
			if r >= n && r < next {
				next = r
			}
		}
		delta += int(next-n) * (handled + 1)
		n = next
		for _, r := range runes {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := base; ; k += base {
				t := min(max(k-bias, tMin), tMax)
				if q < t {
					break
				}
				out = append(out, punycodeDigit(t+(q-t)%(base-t)))
				q = (q - t) / (base - t)
			}
			out = append(out, punycodeDigit(q))
			delta /= 2
			if handled == basic {
				delta = delta * 2 / damp
			}
			delta += delta / (handled + 1)
			k := 0
			for ; delta > (base-tMin)*tMax/2; k += base {
				delta /= base - tMin
			}
			bias = k + (base-tMin+1)*delta/(delta+skew)
			delta = 0
			handled++
		}
		delta++
		n++
	}
	return string(out)
}

func punycodeDigit(d int) byte {
	if d < 26 {
		return byte('a' + d)
	}
	return byte('0' + d - 26)
}

// isIP reports whether a host is an IP address. Every request asks, so it does not allocate.
func isIP(host string) bool {
	if strings.IndexByte(host, ':') >= 0 {
		return true // no host name has a colon
	}
	dots, digits := 0, 0
	for i := range len(host) {
		switch c := host[i]; {
		case c == '.' && digits > 0:
			dots, digits = dots+1, 0
		case '0' <= c && c <= '9' && digits < 3:
			digits++
		default:
			return false
		}
	}
	return dots == 3 && digits > 0
}

// isLocalhost reports whether a host is this machine, judged by its name alone.
func isLocalhost(host string) bool {
	if isIP(host) {
		addr, err := netip.ParseAddr(strings.Clone(host)) // clone, or errors would make every host escape
		return err == nil && addr.IsLoopback()
	}
	host = strings.TrimSuffix(host, ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// RegistrableDomain returns the domain of a host one label below a public suffix, in lower case and punycode. Private
// suffixes count. It is "" for an IP address, for a public suffix itself and for an invalid host name.
func RegistrableDomain(host string) string {
	host = CanonicalHost(host)
	if isIP(host) {
		return ""
	}
	name := strings.TrimSuffix(host, ".")
	if name == "" || name[0] == '.' {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return host[len(name)-len(domain):]
}

// publicSuffix reports whether a host is on the list itself.
func publicSuffix(host string) bool {
	suffix, icann := publicsuffix.PublicSuffix(host)
	return !isIP(host) && suffix == host && (icann || strings.IndexByte(host, '.') >= 0)
}

// siteOf returns the site of a host for limits: its registrable domain, or else the host itself.
func siteOf(host string) string {
	if domain := RegistrableDomain(host); domain != "" {
		return domain
	}
	return host
}

// schemefulSite is a site with its scheme, as in https://example.com; ws counts as http, wss as https.
func schemefulSite(u *url.URL) string {
	return siteScheme(u) + "://" + bracketed(siteOf(canonicalHost(u)))
}

// bracketed is a host as in a URL or a Domain attribute, with brackets around an IPv6 address.
func bracketed(host string) string {
	if strings.IndexByte(host, ':') >= 0 {
		return "[" + host + "]"
	}
	return host
}

// validHost reports whether a canonical host can have cookies.
func validHost(host string) bool {
	if host == "" || len(host) > maxHost || host[0] == '.' || strings.HasSuffix(host, "..") {
		return false
	}
	for i := range len(host) {
		if !hostBytes[host[i]] {
			return false
		}
	}
	return true
}

// hostBytes are the valid bytes of a canonical host.
var hostBytes = func() (table [256]bool) {
	for c := '!'; c <= '~'; c++ {
		table[c] = (c < 'A' || 'Z' < c) && !strings.ContainsRune(`%/;=@[]\,"`, c)
	}
	return table
}()

func siteScheme(u *url.URL) string {
	switch u.Scheme {
	case "ws":
		return "http"
	case "wss":
		return "https"
	}
	return u.Scheme
}

// SameSite reports whether two URLs are of the same site (RFC 6265bis section 5.2): they have the same scheme, with ws
// counted as http and wss as https, and the same registrable domain, or the same host where there is none.
func SameSite(a, b *url.URL) bool { return sameSite(a, b, true) }

// sameSite reports whether two URLs are of the same site, schemefully or by host alone.
func sameSite(a, b *url.URL, schemeful bool) bool {
	if schemeful && siteScheme(a) != siteScheme(b) {
		return false
	}
	hostA, hostB := canonicalHost(a), canonicalHost(b)
	return hostA == hostB || siteOf(hostA) == siteOf(hostB)
}

// domainMatch reports whether host is domain or below it (RFC 6265bis section 5.1.3).
func domainMatch(host, domain string) bool {
	if host == domain {
		return true
	}
	return len(host) > len(domain) && host[len(host)-len(domain)-1] == '.' && strings.HasSuffix(host, domain) &&
		!isIP(host)
}

// pathMatch reports whether a request to path gets cookies of cookiePath (RFC 6265bis section 5.1.4).
func pathMatch(path, cookiePath string) bool {
	if !strings.HasPrefix(path, cookiePath) {
		return false
	}
	n := len(cookiePath)
	return len(path) == n || n > 0 && cookiePath[n-1] == '/' || path[n] == '/'
}

// requestPath returns the path of a URL as it is sent. RawPath may have what net/url cannot encode and browsers send:
// a percent sign that begins no escape.
func requestPath(u *url.URL) string {
	path := u.RawPath
	if path == "" {
		path = u.EscapedPath()
	}
	if path == "" || path[0] != '/' {
		return "/"
	}
	return path
}

// defaultPath is the folder of a request's path (RFC 6265bis section 5.1.4).
func defaultPath(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}
