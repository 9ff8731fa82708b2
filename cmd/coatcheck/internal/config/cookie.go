package config

import (
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/jar"
)

func (c *checker) cookie(s *Site, dev bool) {
	name, domain := s.Cookie.Name, s.Cookie.Domain
	switch {
	case s.Cookie.SameSite == "none" && !s.Cookie.Partitioned:
		c.of("cookie.same-site", "none needs partitioned: true, so that each site that has the app in a frame has "+
			"sessions of its own")
	case s.Cookie.Partitioned && (s.Cookie.SameSite == "lax" || s.Cookie.SameSite == "strict"):
		c.of("cookie.same-site", "%s contradicts partitioned, which is for frames on other sites; take one of them out",
			s.Cookie.SameSite)
	case dev && s.Cookie.Partitioned:
		c.of("cookie.partitioned", "it contradicts dev: browsers drop such a cookie over plain http; take one of "+
			"them out")
	}
	options := s.sessionOptions()
	options.Cookie = ""
	if err := options.Check(); domain != "" && err != nil {
		_, why, _ := strings.Cut(strings.ReplaceAll(err.Error(), "Options.InsecureDomain", "the domain"), "session: ")
		c.of("cookie.domain", "%s", why)
	} else if domain != "" {
		c.cookieDomain(s)
	}
	switch {
	case name == "":
		return
	case strings.HasPrefix(name, "__Host-") && domain != "":
		c.of("cookie.name", "browsers drop %.50q with a domain; begin it with __Secure-", name)
	case !strings.HasPrefix(name, "__Host-") && !strings.HasPrefix(name, "__Secure-"):
		c.of("cookie.name", "%.50q has no prefix, so that other hosts could plant a session; write %q", name,
			prefixFor(domain)+withoutPrefix(name))
	case name == "__Host-" || name == "__Secure-" || len(name) > maxCookieName ||
		strings.ContainsFunc(name, notInName):
		c.of("cookie.name", "%.50q is no name of a cookie; write letters, digits, hyphens and underscores behind "+
			"the prefix",
			name)
	case name == console.Cookie || name == boundCookie:
		c.of("cookie.name", "%s is a cookie of Coatcheck's own; choose another name", name)
	}
}

// cookieDomain refuses a domain for which browsers would drop the cookie.
func (c *checker) cookieDomain(s *Site) {
	domain := s.Cookie.Domain
	if lower := strings.ToLower(domain); domain != lower {
		c.of("cookie.domain", "%s has capital letters, but browsers compare it with names in lower case; write %q",
			domain, lower)
		return
	}
	if jar.RegistrableDomain(domain) == "" && domain != "localhost" {
		c.of("cookie.domain", "%s is a public suffix, below which strangers have their sites, so browsers drop the "+
			"cookie; name a domain of your own", domain)
		return
	}
	for _, name := range s.names() {
		if name := strings.TrimPrefix(name, "*."); name != domain && !strings.HasSuffix(name, "."+domain) {
			c.of("cookie.domain", "the host %s is not below %s, so browsers drop the cookie there; name a domain that "+
				"all hosts of the site are in", name, domain)
			return
		}
	}
}

// withoutPrefix is a name without a misspelt prefix, which browsers might take for the real one, and without what no
// name has.
func withoutPrefix(name string) string {
	name = strings.TrimSpace(name)
	for _, prefix := range []string{"__host-", "__secure-", "__http-"} {
		if len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			return name[len(prefix):]
		}
	}
	return name
}

// notInName reports what the name of a cookie cannot have: it is a token (RFC 6265bis, section 4.1.1).
func notInName(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
}

const (
	maxCookieName = 100
	boundCookie   = "__Host-session-bound"
)

func prefixFor(domain string) string {
	if domain != "" {
		return "__Secure-"
	}
	return "__Host-"
}

// CookieName is the name of the site's cookie.
func (s *Site) CookieName() string {
	if s.Cookie.Name == "" {
		return prefixFor(s.Cookie.Domain) + "session"
	}
	return s.Cookie.Name
}
