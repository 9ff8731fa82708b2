package lint

import (
	"net/url"
	"strings"

	"coatcheck.dev/jar"
)

// A site has the cookies of a report together: their order, and the rest of them in Chrome.
type site struct {
	cookies []*Cookie // the lines that Chrome obeys, in order
	live    []*Cookie // those in effect at the end, in order
	urls    []*url.URL
	jar     *jar.Jar // of Chrome, without limits on their number
}

// identity tells cookies apart (RFC 6265bis section 5.7, step 23).
type identity struct {
	name, domain, path string
	hostOnly           bool
	partition          jar.Partition
}

func identityOf(c *Cookie) identity {
	s := c.stored()
	return identity{s.Name, s.Domain, s.Path, s.HostOnly, s.Partition}
}

// stored is the cookie in Chrome.
func (c *Cookie) stored() *jar.Cookie { return &c.Outcomes[0].Stored }

func newSite(report *Report, responses []Response, chrome *jar.Jar) *site {
	s := &site{jar: chrome}
	last := map[identity]*Cookie{}
	for i := range report.Cookies {
		if c := &report.Cookies[i]; c.Outcomes[0].Kept() {
			s.cookies = append(s.cookies, c)
			last[identityOf(c)] = c
		}
	}
	for _, c := range s.cookies {
		if last[identityOf(c)] == c && !c.deletes() {
			s.live = append(s.live, c)
		}
	}
	seen := map[string]bool{}
	for _, r := range responses {
		if r.URL != nil && r.URL.Host != "" && !seen[r.URL.String()] {
			seen[r.URL.String()] = true
			s.urls = append(s.urls, r.URL)
		}
	}
	return s
}

// namesakes are cookies of one name within one site, apart from partitions. No others can get in each other's way.
type namesakes struct{ name, site string }

func namesakesOf(c *Cookie) namesakes { return namesakes{c.stored().Name, siteOf(c)} }

// siteOf is the registrable domain of a cookie, or else its host.
func siteOf(c *Cookie) string {
	if site := jar.RegistrableDomain(c.stored().Domain); site != "" {
		return site
	}
	return c.stored().Domain
}

// maxNamesakes bounds the comparisons of one name in a site; another rule finds larger numbers.
const maxNamesakes = 16

// byName groups the live cookies, up to maxNamesakes in a group.
func (s *site) byName() map[namesakes][]*Cookie {
	groups := map[namesakes][]*Cookie{}
	for _, c := range s.live {
		if k := namesakesOf(c); len(groups[k]) < maxNamesakes {
			groups[k] = append(groups[k], c)
		}
	}
	return groups
}

// pairs calls f with each two live cookies of one name and site, in their order.
func (s *site) pairs(f func(first, second *Cookie)) {
	byName := map[namesakes][]*Cookie{}
	for _, c := range s.live {
		k := namesakesOf(c)
		if others := byName[k]; len(others) < maxNamesakes {
			for _, o := range others {
				f(o, c)
			}
			byName[k] = append(others, c)
		}
	}
}

// meet reports whether some request carries both cookies.
func meet(a, b *jar.Cookie) bool {
	return a.Partition == b.Partition && hostsMeet(a, b) && (under(a.Path, b.Path) || under(b.Path, a.Path))
}

func hostsMeet(a, b *jar.Cookie) bool {
	switch {
	case a.Domain == b.Domain:
		return true
	case strings.HasSuffix(a.Domain, "."+b.Domain):
		return !b.HostOnly
	case strings.HasSuffix(b.Domain, "."+a.Domain):
		return !a.HostOnly
	}
	return false
}

// under reports whether a request for one path carries a cookie of the other (RFC 6265bis section 5.1.4).
func under(path, of string) bool {
	return path == of || strings.HasPrefix(path, of) && (strings.HasSuffix(of, "/") || path[len(of)] == '/')
}

// bySite groups the live cookies by site and partition, in the order of their first appearance.
func (s *site) bySite() [][]*Cookie {
	type key struct {
		site      string
		partition jar.Partition
	}
	groups := map[key][]*Cookie{}
	var order []key
	for _, c := range s.live {
		k := key{siteOf(c), c.stored().Partition}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], c)
	}
	list := make([][]*Cookie, len(order))
	for i, k := range order {
		list[i] = groups[k]
	}
	return list
}
