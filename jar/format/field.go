package format

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// readDomain sets Domain and HostOnly. In most formats a dot in front marks a cookie that is not host-only.
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

// secondsTime is a time in seconds since 1970, kept within the years that package time can write.
func secondsTime(s float64) time.Time {
	const year9999 = 253402300799
	s = min(max(s, -year9999), year9999)
	whole := int64(s)
	return time.Unix(whole, int64((s-float64(whole))*1e9)).UTC()
}

// notUTF8 names the loss of a cookie that JSON cannot hold, "" for others.
func notUTF8(c *jar.Cookie) string {
	if utf8.ValidString(c.Name) && utf8.ValidString(c.Value) && utf8.ValidString(c.Path) {
		return ""
	}
	return "the cookie: its name, value or path is not UTF-8"
}
