package jar

import (
	"time"

	"coatcheck.dev/cookie"
)

// A Cookie is a cookie in a jar.
type Cookie struct {
	Name, Value string

	// Domain is the host of the cookie, or with HostOnly false the domain with all hosts below it. It has no leading
	// dot, and IPv6 addresses have no brackets.
	Domain   string
	HostOnly bool
	Path     string

	// Expires is the end of the cookie; the zero time is a session cookie.
	Expires time.Time

	Secure, HttpOnly bool
	SameSite         cookie.SameSite
	Priority         cookie.Priority

	// Partition is that of a Partitioned cookie; zero for others.
	Partition Partition

	// Created is the time of the first set; replacing keeps it. LastAccess is the time of the last send or set.
	Created, LastAccess time.Time
}

// A Partition separates the cookies of a site under different top-level sites (CHIPS).
type Partition struct {
	// TopLevelSite is the scheme and registrable domain of the page in the address bar: https://example.com.
	TopLevelSite string
	// CrossSiteAncestor marks the cookies of a document with an ancestor of another site.
	CrossSiteAncestor bool
}

// Session reports whether the cookie ends with the session.
func (c *Cookie) Session() bool { return c.Expires.IsZero() }

func (c *Cookie) expired(now time.Time) bool { return !c.Expires.IsZero() && !c.Expires.After(now) }

// size is the weight of a cookie in Limits.Bytes: its text, and roughly the jar's own overhead.
func (c *Cookie) size() int {
	return len(c.Name) + len(c.Value) + len(c.Domain) + len(c.Path) + len(c.Partition.TopLevelSite) + 384
}
