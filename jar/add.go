package jar

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

// Add puts cookies into the jar that have not come from a response: from a file, another jar, a test. Either all of them are
// added or, with the error of the first one that no jar could hold, none. A cookie of the same identity is replaced; one
// that has expired replaces it by nothing. Times that are zero are now; lifetimes are cut to [cookie.MaxLifetime].
func (j *Jar) Add(cookies ...Cookie) error {
	now := j.now()
	for i := range cookies {
		if err := cookies[i].check(); err != nil {
			return fmt.Errorf("add cookie %d: %w", i+1, err)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cookies {
		if c.Created.IsZero() || c.Created.After(now) {
			c.Created = now
		}
		if c.LastAccess.IsZero() || c.LastAccess.After(now) {
			c.LastAccess = now
		}
		if latest := now.Add(cookie.MaxLifetime); c.Expires.After(latest) {
			c.Expires = latest
		}
		old := j.domains[c.Domain].find(&c)
		if old != nil {
			j.drop(old, Removed)
		}
		j.replace(nil, c, now)
	}
	return nil
}

// check reports what keeps a cookie out of every jar. Its errors name no value.
func (c *Cookie) check() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("cookie %.64q of %.64q: %s", c.Name, c.Domain, fmt.Sprintf(format, args...))
	}
	// What is parsed is what a line would have brought; all that a line cannot bring differs.
	p := cookie.Parse(string(c.appendPair(nil)))
	nameless := c.Name == "" && c.Value != "" && !strings.Contains(c.Value, ";")
	switch {
	case p.Reasons.Excluded():
		return fail("%v", p.Reasons)
	case !nameless && (p.Name != c.Name || p.Value != c.Value) || nameless && strings.Trim(c.Value, " \t") != c.Value:
		return fail("name or value cannot be sent in a header")
	case c.Path == "" || c.Path[0] != '/' || strings.ContainsAny(c.Path, ";\x7f") || strings.ContainsFunc(c.Path, notPrintableASCII):
		return fail("path %.64q cannot be that of a cookie", c.Path)
	case len(c.Path) > cookie.MaxAttributeValue || len(c.Domain) > cookie.MaxAttributeValue:
		return fail("path or domain is too long")
	case c.Domain == "" || strings.ContainsFunc(c.Domain, notHost) || c.Domain[0] == '.' || strings.ToLower(c.Domain) != c.Domain:
		return fail("domain is no host name in lower case")
	case !c.HostOnly && RegistrableDomain(c.Domain) == "":
		return fail("domain is a public suffix or an address, and the cookie not host-only")
	case c.SameSite > cookie.SameSiteNone || c.Priority > cookie.PriorityHigh:
		return fail("SameSite or Priority is none of the constants")
	case c.SameSite == cookie.SameSiteNone && !c.Secure:
		return fail("SameSite=None needs Secure")
	case !c.keepsPrefix():
		return fail("the prefix of the name is not kept")
	}
	if c.Partition == (Partition{}) {
		return nil
	}
	site, err := url.Parse(c.Partition.TopLevelSite)
	if err != nil || !c.Secure || site.Host == "" || site.Scheme+"://"+site.Host != c.Partition.TopLevelSite || siteOf(site.Host) != site.Host {
		return fail("partition needs Secure and a site like https://example.com")
	}
	return nil
}

func (c *Cookie) keepsPrefix() bool {
	if c.Name == "" {
		return cookie.PrefixOf(c.Value) == cookie.NoPrefix
	}
	p := cookie.PrefixOf(c.Name)
	return p == cookie.NoPrefix || c.Secure && (!p.HostOnly() || c.HostOnly && c.Path == "/") && (!p.HTTPOnly() || c.HttpOnly)
}

func notPrintableASCII(r rune) bool { return r < ' ' && r != '\t' || r > '~' }

func notHost(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("/;=%[]@,\"", r) }

// unixTime is a time in seconds, 0 for the zero time.
func unixTime(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
