package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"coatcheck.dev/cookie"
)

func (c *checker) hosts(s *Site) {
	if s.Hosts != nil && len(s.Hosts) == 0 {
		c.of("hosts", "the list is empty; name a host, or take the key out for all that no other site has")
	}
	for i, host := range s.Hosts {
		if why := wrongHost(host); why != "" {
			c.of(fmt.Sprintf("hosts[%d]", i), "%s", why)
		}
	}
}

// wrongHost says what is wrong with the name of a host, or "".
func wrongHost(host string) string {
	name := strings.TrimPrefix(host, "*.")
	if strings.Contains(host, "/") {
		return fmt.Sprintf("%.100q is more than a host; leave out the scheme and what follows the host, as in "+
			"shop.example",
			host)
	}
	if h, port, err := net.SplitHostPort(name); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Sprintf("%.50q is no port; write a number from 1 to 65535, or no port for all", port)
		}
		name = h
	}
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	switch {
	case host == "*":
		return `"*" is no host; leave out hosts for a site that is for all others`
	case strings.Contains(name, "*"):
		return fmt.Sprintf(`%.100q: "*" stands alone, at the front, as in *.shop.example`, host)
	case name != strings.ToLower(name):
		return fmt.Sprintf("%.100q has capital letters, but browsers send lower case; write %q", host,
			strings.ToLower(host))
	case err == nil:
		return ""
	}
	probe := cookie.Cookie{Name: "a", Domain: name}
	if name == "" || strings.HasSuffix(name, ".") || probe.Check() != nil {
		return fmt.Sprintf("%.100q is no name of a host; write one such as shop.example "+
			"(names beyond ASCII as browsers send them, xn--…)", host)
	}
	return ""
}

// names are the names of the site's hosts, without ports.
func (s *Site) names() (names []string) {
	for _, host := range s.Hosts {
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		names = append(names, host)
	}
	return names
}

func (s *Site) onHostOf(other *Site) bool {
	return slices.ContainsFunc(s.names(), func(n string) bool { return slices.Contains(other.names(), n) })
}

// reaches reports whether the cookie of one of two sites reaches a host of the other.
func (s *Site) reaches(other *Site) bool {
	within := func(names []string, domain string) bool {
		return domain != "" && slices.ContainsFunc(names, func(n string) bool {
			return n == domain || strings.HasSuffix(n, "."+domain)
		})
	}
	return within(s.names(), other.Cookie.Domain) || within(other.names(), s.Cookie.Domain)
}
