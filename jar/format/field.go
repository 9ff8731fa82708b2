package format

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// readDomain sets Domain and HostOnly. In most formats a leading dot marks a cookie for the hosts below as well.
func readDomain(c *jar.Cookie, domain string) {
	rest, dot := strings.CutPrefix(domain, ".")
	c.Domain, c.HostOnly = jar.CanonicalHost(strings.Trim(rest, "[]")), !dot
}

func writeDomain(c *jar.Cookie) string {
	if c.HostOnly {
		return c.Domain
	}
	return "." + c.Domain
}

// readSameSite reads the attribute's value as browsers write it; "" is unset.
func readSameSite(s string) (cookie.SameSite, error) {
	for v := cookie.SameSiteUnset; v <= cookie.SameSiteNone; v++ {
		if strings.EqualFold(s, v.String()) {
			return v, nil
		}
	}
	return 0, fmt.Errorf("sameSite is %.64q", s)
}

func readPriority(s string) (cookie.Priority, error) {
	for p := cookie.PriorityUnset; p <= cookie.PriorityHigh; p++ {
		if s == p.String() {
			return p, nil
		}
	}
	return 0, fmt.Errorf("priority is %.64q", s)
}

// secondsTime is a time in seconds since 1970, limited to the years of package time.
func secondsTime(s float64) time.Time {
	const year9999 = 253402300799
	s = min(max(s, -year9999), year9999)
	whole := int64(s)
	return time.Unix(whole, int64((s-float64(whole))*1e9)).UTC()
}

// fitsJSON reports whether JSON can hold a cookie's strings. If not, the cookie is lost.
func fitsJSON(c *jar.Cookie, lose func(what string)) bool {
	if utf8.ValidString(c.Name) && utf8.ValidString(c.Value) && utf8.ValidString(c.Path) {
		return true
	}
	lose("the cookie: its name, value or path is not UTF-8")
	return false
}
