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
		} else if slices.Contains(s.Hosts[:i], host) {
			c.of(fmt.Sprintf("hosts[%d]", i), "%s is there twice; take one of them out", host)
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
	ip, err := netip.ParseAddr(strings.Trim(name, "[]"))
	switch {
	case host == "*":
		return `"*" is no host; leave out hosts for a site that is for all others`
	case strings.Contains(name, "*"):
		return fmt.Sprintf(`%.100q: "*" stands alone, at the front, as in *.shop.example`, host)
	case name != strings.ToLower(name):
		return fmt.Sprintf("%.100q has capital letters, but browsers send lower case; write %q", host,
			strings.ToLower(host))
	case err == nil && strings.HasPrefix(host, "*."):
		return fmt.Sprintf("%.100q: there are no names below an address; write the address alone", host)
	case err == nil && (ip.Zone() != "" || ip.String() != strings.Trim(name, "[]")):
		return fmt.Sprintf("%.100q is not how browsers spell this address; write %q", host, ip.WithZone("").String())
	case err == nil:
		return ""
	case isNumber(name[strings.LastIndexByte(name, '.')+1:]):
		return fmt.Sprintf("%.100q ends with a number, and browsers make an address of such a name; write one such as "+
			"127.0.0.1", host)
	case len(name) > 1 && strings.HasSuffix(name, "."):
		return fmt.Sprintf("%.100q: leave out the dot at the end, which is added to no name that browsers send", host)
	}
	probe := cookie.Cookie{Name: "a", Domain: name}
	if name == "" || name == "." || probe.Check() != nil {
		return fmt.Sprintf("%.100q is no name of a host; write one such as shop.example "+
			"(names beyond ASCII as browsers send them, xn--…)", host)
	}
	return ""
}

// isNumber reports whether the last label of a name makes an address of it (WHATWG URL, "ends in a number").
func isNumber(label string) bool {
	if hexadecimal, ok := strings.CutPrefix(label, "0x"); ok {
		_, err := strconv.ParseUint(hexadecimal, 16, 64)
		return hexadecimal == "" || err == nil
	}
	return label != "" && strings.Trim(label, "0123456789") == ""
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

// onHostOf reports whether browsers come to both sites by the same name. Then at least one of the two has it for some
// ports alone: the other one, of all names below a domain or of all that there are, gets the rest.
func (s *Site) onHostOf(other *Site) bool {
	return slices.ContainsFunc(s.names(), func(n string) bool { return slices.Contains(other.names(), n) }) ||
		s.takesPortsOf(other) || other.takesPortsOf(s)
}

// takesPortsOf reports whether a host of the other site is only for one port or only covered in one, so that this site
// has the name, too.
func (s *Site) takesPortsOf(other *Site) bool {
	for i, name := range other.names() {
		onePort := name != other.Hosts[i]
		if len(s.Hosts) == 0 && onePort {
			return true
		}
		for j, wild := range s.names() {
			below, ok := strings.CutPrefix(wild, "*.")
			if ok && strings.HasSuffix(name, "."+below) && (onePort || wild != s.Hosts[j]) {
				return true
			}
		}
	}
	return false
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
