package config

import (
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// addresses refuses addresses of the program that are none, or that two of its parts would both need.
func (c *checker) addresses(s *Server) {
	taken := map[string]string{} // the key of an address
	for _, a := range []struct{ key, address string }{
		{"listen", s.Listen}, {"console-listen", s.ConsoleListen}, {"metrics-listen", s.MetricsListen},
		{"api-listen", s.APIListen}, {"redirect-from", s.RedirectFrom},
	} {
		if a.address == "" && a.key != "listen" && a.key != "console-listen" {
			continue
		}
		host, port, err := net.SplitHostPort(a.address)
		if err != nil || port == "" {
			c.add(a.key, "%.100q is no address; write host:port, such as localhost:8080, or :8080 for all of the "+
				"machine", a.address)
			continue
		}
		host = listening(host)
		n, err := strconv.ParseUint(port, 10, 16)
		switch other := taken[port]; {
		case err != nil:
			c.add(a.key, "%.50q is no port; write a number from 0 to 65535", port)
		case host == "*":
			c.add(a.key, "%.100q names no address; write :%s for all of the machine", a.address, port)
		case n == 0:
		case taken[host+":"+port] != "":
			c.collide(a.key, taken[host+":"+port], a.address)
		case other != "" && host == "":
			c.collide(a.key, other, a.address)
		case taken[":"+port] != "":
			c.collide(a.key, taken[":"+port], a.address)
		default:
			taken[port], taken[host+":"+port] = a.key, a.key
		}
	}
	for i, host := range s.ConsoleHost {
		if why := wrongHost(host); why != "" {
			c.add("console-host["+strconv.Itoa(i)+"]", "%s", why)
		}
	}
}

// collide refuses an address whose port another key has already, at the one of the two keys that the file has.
func (c *checker) collide(key, other, address string) {
	at := key
	if c.file != nil && c.file.at[key] == nil && c.file.at[other] != nil && !c.set[flagName(key)] {
		at, other = other, key
	}
	_, port, _ := net.SplitHostPort(address)
	c.add(at, "%s listens on port %s there already; choose another port", other, port)
}

// listening is the host of an address under the one name that all of its spellings have in common.
func listening(host string) string {
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "localhost":
		return "127.0.0.1"
	case err == nil && ip.IsUnspecified():
		return ""
	}
	return host
}

// encryption refuses what contradicts https, or gets no certificate.
func (c *checker) encryption(s *Server) {
	if err := s.TLS.Check(); err != nil {
		c.add(c.present("tls-cert", "tls-key", "acme", "acme-email", "acme-staging", "acme-directory", "acme-roots",
			"redirect-from", "hsts", "hsts-subdomains"), "%s", err)
	}
	if s.Dev && s.Encrypted() {
		c.add("dev", "it is for plain http, and the site speaks https; take one of them out")
	}
	if s.Dev && s.BindDevices != "off" && s.BindDevices != "" {
		c.add("bind-devices", "%s contradicts dev: browsers bind sessions by https alone; take one of them out",
			s.BindDevices)
	}
	if s.Forwarded && len(s.TrustProxy) == 0 {
		c.add("forwarded", "nobody's Forwarded is believed without trust-proxy (--trust-proxy); name the proxy in "+
			"front")
	}
	for key, files := range map[string][]string{"tls-cert": s.TLSCert, "tls-key": s.TLSKey} {
		for i, name := range files {
			if _, err := os.Stat(name); os.IsNotExist(err) && len(s.TLSCert) == len(s.TLSKey) && len(s.ACME) == 0 {
				c.add(key+"["+strconv.Itoa(i)+"]", "there is no file %.200s; correct the name", name)
			}
		}
	}
	for i, name := range s.ACME {
		if why := wrongACME(name, s.ACMEDirectory); why != "" {
			c.add("acme["+strconv.Itoa(i)+"]", "%s", why)
		}
	}
	if len(s.ACME) == 0 {
		return
	}
	if _, err := mail.ParseAddress(s.ACMEEmail); s.ACMEEmail != "" && err != nil {
		c.add("acme-email", "%.100q is no address of mail; write one such as ada@shop.example", s.ACMEEmail)
	}
	if u, err := url.Parse(s.ACMEDirectory); err != nil || s.ACMEDirectory != "" && (u.Scheme != "https" ||
		u.Host == "") {
		c.add("acme-directory", "%.200q is no URL of a directory; write one such as https://ca.example/directory",
			s.ACMEDirectory)
	}
}

// certified refuses names that get a certificate and are no site's.
func (c *checker) certified(s *Server, sites []*Site) {
	if slices.ContainsFunc(sites, func(s *Site) bool { return len(s.Hosts) == 0 }) {
		return // one is for all names
	}
	for i, name := range s.ACME {
		served := func(host string) bool {
			below, wild := strings.CutPrefix(host, "*.")
			return host == name || wild && strings.HasSuffix(name, "."+below)
		}
		if wrongACME(name, s.ACMEDirectory) == "" && !slices.ContainsFunc(sites, func(s *Site) bool {
			return slices.ContainsFunc(s.names(), served)
		}) {
			c.add("acme["+strconv.Itoa(i)+"]", "%s is among the hosts of no site; add it to one, or leave it out", name)
		}
	}
}

// wrongACME says why an authority would give no certificate for a name by the ways there are, or "". One of the
// operator's own may know names that the world does not.
func wrongACME(name, directory string) string {
	switch _, err := netip.ParseAddr(strings.Trim(name, "[]")); {
	case strings.HasPrefix(name, "*."):
		return "authorities prove a wildcard by DNS alone, which is not done here; name each host, or use tls-cert"
	case directory == "" && (err == nil || name == "localhost" || strings.HasSuffix(name, ".localhost")):
		return "no authority reaches this machine as " + name + "; name the host as browsers know it, or use tls-cert"
	case err != nil && strings.Contains(name, ":"):
		return "a certificate is for all ports; leave the port out"
	}
	return wrongHost(name)
}
