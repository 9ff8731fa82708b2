package lint

import (
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

// A Change is a difference between the written and the stored cookie.
type Change struct {
	Attribute string `json:"attribute"`
	Written   string `json:"written"` // "" if it was not written
	Stored    string `json:"stored"`
}

// Changes returns the differences in reach and lifetime, in the first browser that keeps the cookie. A deletion has
// none, and neither has a cookie that Chrome, Firefox and Safari drop.
func (c *Cookie) Changes() []Change {
	for i := range c.judges() {
		if o := &c.Outcomes[i]; o.Kept() && !o.Deletes {
			return c.changes(o)
		}
	}
	return nil
}

func (c *Cookie) changes(o *Outcome) (list []Change) {
	add := func(name, written, stored string) {
		if written != stored {
			list = append(list, Change{name, written, stored})
		}
	}
	domain, _ := c.applied("Domain")
	switch {
	case o.Stored.HostOnly:
		add("Domain", domain.Value, o.Stored.Domain+" alone")
	default:
		add("Domain", domain.Value, o.Stored.Domain+" and all hosts below")
	}
	path, _ := c.applied("Path")
	add("Path", path.Value, o.Stored.Path)
	if at, ok := c.written(); ok && !o.Stored.Expires.IsZero() && at.Sub(o.Stored.Expires).Abs() > time.Second {
		add("Expires", at.UTC().Format(time.RFC3339), o.Stored.Expires.UTC().Format(time.RFC3339))
	}
	if o.Stored.Expires.IsZero() {
		add("Expires", c.unread(), "the end of the browser session")
	}
	if o.Stored.SameSite == cookie.SameSiteUnset {
		site, _ := c.applied("SameSite")
		add("SameSite", site.Value, "Lax in Chrome and Safari, None in Firefox and WebKitGTK")
	}
	if p := o.Stored.Partition.TopLevelSite; p != "" {
		add("Partitioned", "", p)
	}
	return list
}

// unread is the written lifetime, if it could not be read.
func (c *Cookie) unread() string {
	for a := range c.Line.Attributes() {
		if a.Fate == cookie.Unparsable && (strings.EqualFold(a.Name, "Expires") ||
			strings.EqualFold(a.Name, "Max-Age")) {
			return a.Value
		}
	}
	return ""
}
