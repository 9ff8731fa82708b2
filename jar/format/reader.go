package format

import (
	"fmt"
	"strings"

	"coatcheck.dev/jar"
)

// A Reader is the program that a cookies.txt is written for. Programs read these files differently, and drop in silence
// what they do not understand.
type Reader string

const (
	AnyReader Reader = ""       // what all of them can read
	Curl      Reader = "curl"   // reads all that is written
	Wget      Reader = "wget"   // takes lines with #HttpOnly_ for comments
	Python    Reader = "python" // http.cookiejar.MozillaCookieJar: 0 means expired, nothing is a session cookie

	// Libsoup is SoupCookieJarText of libsoup 3, which GNOME's programs use. It has SameSite in an eighth field, and
	// keeps no session cookies.
	Libsoup Reader = "libsoup"
)

// Readers returns the programs that files can be written for.
func Readers() []Reader { return []Reader{Curl, Wget, Python, Libsoup} }

// curlLine is the length in bytes of a line that curl reads (MAX_COOKIE_LINE in its lib/cookie.h).
const curlLine = 5000

// refuses says why a program would not read a cookie, "" if it does.
func (to Reader) refuses(c *jar.Cookie) string {
	switch {
	case to == AnyReader:
		return ""
	case to == Libsoup && c.Session():
		return "it ends with the session, and libsoup drops those from a file"
	case c.Name == "" && (to == Curl || to == Wget):
		return fmt.Sprintf("it has no name, and %s would take its value for one", to)
	case to == Curl && len(c.Name)+len(c.Value)+len(c.Domain)+len(c.Path)+50 > curlLine:
		return fmt.Sprintf("curl reads no line over %d bytes", curlLine)
	case to != Libsoup && strings.HasSuffix(c.Domain, "."):
		return fmt.Sprintf("its domain ends with a dot, and %s never sends it", to)
	case (to == Wget || to == Python) && strings.Contains(c.Domain, ":"):
		return fmt.Sprintf("%s sends no cookies to IPv6 addresses", to)
	}
	return ""
}

// domain is the domain as the program knows it.
func (to Reader) domain(c *jar.Cookie) string {
	if to == Python && c.HostOnly && !strings.ContainsAny(c.Domain, ".:") {
		return c.Domain + pythonLocal
	}
	return writeDomain(c)
}

// pythonLocal is what http.cookiejar puts behind host names without a dot.
const pythonLocal = ".local"

// pythonHost takes away what Python has put behind localhost. Other names may well end so of their own.
func pythonHost(domain string) string {
	if host, ok := strings.CutSuffix(domain, pythonLocal); ok && host == "localhost" {
		return host
	}
	return domain
}
