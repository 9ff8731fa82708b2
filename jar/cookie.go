package jar

import (
	"time"

	"coatcheck.dev/cookie"
)

// A Cookie is a cookie in a jar.
type Cookie struct {
	Name, Value string

	// Domain is the host that the cookie is for, or with HostOnly false the domain with all hosts below it. It has no dot
	// in front, and IPv6 addresses have no brackets.
	Domain   string
	HostOnly bool
	Path     string

	// Expires is when the cookie ends; the zero time is a session cookie.
	Expires time.Time

	Secure, HttpOnly bool
	SameSite         cookie.SameSite
	Priority         cookie.Priority

	// Partition is the jar within the jar that a Partitioned cookie is in; zero for others.
	Partition Partition

	// Created is when the cookie was set, also if it has been replaced since. LastAccess is when it was last sent or set.
	Created, LastAccess time.Time
}

// A Partition tells apart what a site keeps under different top-level sites (CHIPS).
type Partition struct {
	// TopLevelSite is scheme and registrable domain of the page in the address bar: https://example.com.
	TopLevelSite string
	// CrossSiteAncestor says that the cookie belongs to a document with an ancestor of another site.
	CrossSiteAncestor bool
}

// Session reports whether the cookie ends with the session.
func (c *Cookie) Session() bool { return c.Expires.IsZero() }

func (c *Cookie) expired(now time.Time) bool { return !c.Expires.IsZero() && !c.Expires.After(now) }

// size is what a cookie counts against Limits.Bytes: its text and about what the jar needs to keep it.
func (c *Cookie) size() int {
	return len(c.Name) + len(c.Value) + len(c.Domain) + len(c.Path) + len(c.Partition.TopLevelSite) + 384
}
