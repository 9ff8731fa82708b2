package jar

import (
	"errors"
	"fmt"
	"net/url"

	"coatcheck.dev/cookie"
)

// Add puts cookies from a file, another jar or a test into the jar: all of them, or with an error none. The error is
// that of the first cookie that [Jar.Check] refuses. A cookie of the same identity is replaced; an expired one
// deletes it. Zero times become now. Lifetimes are cut to [cookie.MaxLifetime].
func (j *Jar) Add(cookies ...Cookie) error {
	now := j.now()
	for i := range cookies {
		if err := j.Check(cookies[i]); err != nil {
			return fmt.Errorf("add cookie %d: %.64q of %.64q: %w", i+1, cookies[i].Name, cookies[i].Domain, err)
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
		if old := j.index.find(&c); old != nil {
			j.drop(old, Removed)
		}
		j.store(nil, &c, now)
	}
	return nil
}

// Check reports why the jar cannot hold a cookie, nil if it can. It refuses exactly the cookies that no response
// could set. The error names neither the cookie nor its value.
func (j *Jar) Check(c Cookie) error {
	p := cookie.Parse(c.Name + "=" + c.Value)
	switch {
	case p.Reasons.Excluded():
		return fmt.Errorf("%v", p.Reasons.Exclusions())
	case p.Name != c.Name || p.Value != c.Value:
		return errors.New("name or value has a character that ends it")
	case c.Path == "" || c.Path[0] != '/' || len(c.Path) > cookie.MaxLine ||
		cookie.Parse("a="+c.Path).Reasons.Has(cookie.ExcludeDisallowedCharacter):
		return fmt.Errorf("path %.64q cannot be that of a cookie", c.Path)
	case !validHost(c.Domain):
		return errors.New("domain is no host name in lower case")
	case !c.HostOnly && RegistrableDomain(c.Domain) == "":
		return errors.New("domain is a public suffix or an address, and the cookie not host-only")
	case c.SameSite > cookie.SameSiteNone || c.Priority > cookie.PriorityHigh:
		return errors.New("SameSite or Priority is none of the constants")
	case c.SameSite == cookie.SameSiteNone && !c.Secure:
		return errors.New("SameSite=None needs Secure")
	case !c.keepsPrefix(j.rules):
		return errors.New("the prefix of the name is not kept")
	case c.Partition != (Partition{}) &&
		(!c.Secure && !j.rules.partitionsThirdParties || !validSite(c.Partition.TopLevelSite)):
		return errors.New("partition needs Secure and a site like https://example.com")
	}
	return nil
}

func (c *Cookie) keepsPrefix(rules *rules) bool {
	if c.Name == "" {
		return rules.prefixOf(c.Value) == cookie.NoPrefix
	}
	p := rules.prefixOf(c.Name)
	return p == cookie.NoPrefix || c.Secure && (!p.HostOnly() || c.HostOnly && c.Path == "/") &&
		(!p.HTTPOnly() || c.HttpOnly)
}

// validSite reports whether s is a result of schemefulSite.
func validSite(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && u.Port() == "" && schemefulSite(u) == s
}
