package format

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// readDomain sets Domain and HostOnly. In most formats a leading dot marks a cookie for the hosts below as well.
func readDomain(c *jar.Cookie, domain string) {
	rest, dot := strings.CutPrefix(domain, ".")
	c.Domain, c.HostOnly = jar.CanonicalHost(strings.Trim(rest, "[]")), !dot
}

// cutPort takes the port from behind a host.
func cutPort(host string) (rest string, ok bool) {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || i == len(host)-1 || strings.Trim(host[i+1:], "0123456789") != "" {
		return host, false
	}
	rest = host[:i]
	if strings.Contains(rest, ":") && !strings.HasSuffix(rest, "]") {
		return host, false // an IPv6 address
	}
	return rest, true
}

func writeDomain(c *jar.Cookie) string {
	if c.HostOnly {
		return c.Domain
	}
	return "." + c.Domain
}

// writeURLDomain is writeDomain for programs that make a URL of it.
func writeURLDomain(c *jar.Cookie) string { return bracketed(writeDomain(c)) }

// bracketed is a host as it stands in a URL.
func bracketed(host string) string {
	if strings.IndexByte(host, ':') >= 0 {
		return "[" + host + "]"
	}
	return host
}

// readSameSite reads the attribute's value as browsers and their extensions write it; "" is unset.
func readSameSite(s string) (cookie.SameSite, error) {
	for v := cookie.SameSiteUnset; v <= cookie.SameSiteNone; v++ {
		if strings.EqualFold(s, v.String()) {
			return v, nil
		}
	}
	switch strings.ToLower(s) {
	case "no_restriction", "no-restriction":
		return cookie.SameSiteNone, nil
	case "unspecified", "unset", "default", "-1": // the number is Chromium's
		return cookie.SameSiteUnset, nil
	}
	return 0, fmt.Errorf("sameSite is %.20q", s)
}

func validSameSite(s string) bool {
	_, err := readSameSite(s)
	return err == nil
}

func readPriority(s string) (cookie.Priority, error) {
	for p := cookie.PriorityUnset; p <= cookie.PriorityHigh; p++ {
		if strings.EqualFold(s, p.String()) {
			return p, nil
		}
	}
	return 0, fmt.Errorf("priority is %.20q", s)
}

// writeSeconds is the opposite of secondsTime; a session cookie has -1.
func writeSeconds(c *jar.Cookie) float64 {
	if c.Session() {
		return -1
	}
	return float64(c.Expires.UnixMicro()) / 1e6
}

// unfit says why JSON cannot hold a cookie's strings, "" if it can.
func unfit(c *jar.Cookie) string {
	if utf8.ValidString(c.Name) && utf8.ValidString(c.Value) && utf8.ValidString(c.Path) {
		return ""
	}
	return "its name, value or path is not UTF-8"
}

// latinBytes is a text as Python and Node.js send it, which take the bytes of headers for characters of Latin-1. A text
// with others cannot be sent, and stays as it is.
func latinBytes(text string) string {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return text
		}
		b = append(b, byte(r))
	}
	return string(b)
}

// latinText is the opposite.
func latinText(bytes string) string {
	runes := make([]rune, len(bytes))
	for i := range len(bytes) {
		runes[i] = rune(bytes[i])
	}
	return string(runes)
}

// encodedOnce undoes what Python does to a text in UTF-8 when it writes its cookies.txt: it encodes each byte. A text
// that is UTF-8 again after that has hardly been anything else.
func encodedOnce(text string) (once string, twice bool) {
	if utf8.RuneCountInString(text) == len(text) { // ASCII, nearly always
		return text, false
	}
	if once = latinBytes(text); once == text || !utf8.ValidString(once) {
		return text, false
	}
	return once, true
}
