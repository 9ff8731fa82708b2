package config

import (
	"fmt"
	"slices"
)

// between refuses what two sites cannot both have.
func (c *checker) between(sites []*Site) {
	for i, b := range sites {
		c.prefix = fmt.Sprintf("sites[%d].", i)
		for j, a := range sites[:i] {
			if len(a.Hosts) == 0 && len(b.Hosts) == 0 {
				c.of("hosts", "neither this site nor sites[%d] has hosts; name those of one of them", j)
			}
			c.sameHosts(a, b, j)
		}
	}
	c.prefix = ""
}

func (c *checker) sameHosts(a, b *Site, j int) {
	for n, host := range b.Hosts {
		if slices.Contains(a.Hosts, host) {
			c.of(fmt.Sprintf("hosts[%d]", n), "%s is sites[%d] already; give it to one of them", host, j)
			return
		}
	}
	shared := a.shares(b)
	switch {
	case a.CookieName() == b.CookieName() && a.Cookie.Domain == b.Cookie.Domain && a.Cookie.Domain != "" && !shared:
		c.of("cookie.name", "sites[%d] has the same cookie, %s, for the same domain, so each would sign the other's "+
			"users out: give one of them another name, or both the same realm", j, b.CookieName())
	case a.CookieName() == b.CookieName() && a.Cookie.Domain != b.Cookie.Domain && a.reaches(b):
		c.of("cookie.name", "%s of this site and that of sites[%d] reach the same host with different domains, and "+
			"browsers would send both; give one of them another name", b.CookieName(), j)
	case a.CookieName() == b.CookieName() && a.onHostOf(b) && !shared:
		c.of("cookie.name", "sites[%d] is on the same host name and has the same cookie, %s, so each would sign "+
			"the other's users out; ports do not separate cookies: give one of them another name", j, b.CookieName())
	case a.Realm == "" && b.Realm == "":
		c.of("realm", "neither this site nor sites[%d] has a realm, so that a ticket of one would be good at the "+
			"other; name one for each, such as realm: shop, or the same for both if they have the same users", j)
	}
}

// shares reports whether two sites mean to share their sessions.
func (s *Site) shares(other *Site) bool {
	return s.Realm == other.Realm && s.Realm != "" && s.CookieName() == other.CookieName() &&
		s.Cookie == other.Cookie
}
