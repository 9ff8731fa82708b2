package config

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/gate"
)

func (c *checker) upstream(s *Site, server *Server) {
	switch {
	case s.Upstream == "" && s.Beside != "":
		return
	case s.Upstream == "":
		c.of("upstream", "it is missing: say where the app is, such as http://127.0.0.1:3000, or beside which proxy "+
			"to stand, such as beside: nginx (--beside)")
		return
	}
	u, err := s.UpstreamURL()
	if err == nil {
		err = gate.Options{Upstream: u}.Check()
	}
	if err != nil {
		c.of("upstream", "%s", err)
		return
	}
	if n, err := strconv.ParseUint(cmp.Or(u.Port(), "80"), 10, 16); err != nil || n == 0 {
		c.of("upstream", "%.50q is no port; write a number from 1 to 65535", u.Port())
		return
	}
	if u.Scheme == "unix" {
		if why := wrongSocket(u.Path); why != "" {
			c.of("upstream", "%s", why)
		}
		return
	}
	if listens(server.Listen, u) {
		c.of("upstream", "it is the site's own address (listen), so requests would come back for ever; write the app's")
		return
	}
	if s.UpstreamCA == "" {
		return
	}
	if u.Scheme != "https" {
		c.of("upstream-ca", "the upstream speaks no TLS, so nobody vouches for it; write https://, or take this out")
	} else if _, err := s.Authorities(); err != nil {
		c.of("upstream-ca", "%s", err)
	}
}

// wrongSocket says why nothing could ever answer at the path of a socket, or "". One that is missing may be made later.
func wrongSocket(path string) string {
	if len(path) > maxSocket {
		return fmt.Sprintf("the path of a socket has at most %d bytes; write a shorter one than %.150q", maxSocket,
			path)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Type() != os.ModeSocket {
		return fmt.Sprintf("%.150q is no socket; write the path of the one at which the app listens", path)
	}
	return ""
}

// maxSocket is what the shortest sun_path that systems have takes, that of macOS, without the byte that ends it.
const maxSocket = 103

// listens reports whether an address of this program is that of a URL.
func listens(address string, u *url.URL) bool {
	host, port, err := net.SplitHostPort(address)
	local := func(host string) bool {
		ip, err := netip.ParseAddr(host)
		return host == "localhost" || err == nil && ip.IsLoopback()
	}
	own := host == u.Hostname() || local(u.Hostname()) && (host == "" || local(host))
	return err == nil && port == u.Port() && port != "0" && u.Scheme != "unix" && own
}

// beside refuses what only a program that carries the traffic can do.
func (c *checker) beside(s *Site, server *Server) {
	if s.Beside == "" {
		return
	}
	if len(server.TrustProxy) == 0 {
		c.of("beside", "it needs trust-proxy (--trust-proxy): the addresses from which %s asks, because whoever asks "+
			"may name any client", s.Beside)
	}
	if server.BindDevices != "off" {
		c.of("beside", "bind-devices is for a program that stands in front of the app, because browsers prove their "+
			"keys in requests of their own; take one of them out")
	}
	for key, there := range map[string]bool{
		"upstream-ca": s.UpstreamCA != "", "pass-header": len(s.PassHeader) > 0, "form-tokens": s.FormTokens,
		"inventory": s.Inventory != "",
	} {
		if there {
			c.of(key, "beside a proxy this program sees neither forms nor what the app answers; take it out, or stand "+
				"in front of the app (no beside)")
		}
	}
}

// UpstreamURL returns where the app is. A host and port alone are a URL with http.
func (s *Site) UpstreamURL() (*url.URL, error) {
	text := s.Upstream
	if _, port, err := net.SplitHostPort(text); err == nil && !strings.HasPrefix(port, "//") && port != "" &&
		!strings.HasPrefix(text, "unix:") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || !u.IsAbs() {
		return nil, fmt.Errorf("%.200q is not a URL such as http://127.0.0.1:3000", s.Upstream)
	}
	return u, nil
}

// Authorities returns who may vouch for the app, and nil if the system knows.
func (s *Site) Authorities() (*x509.CertPool, error) {
	if s.UpstreamCA == "" {
		return nil, nil
	}
	text, err := readAtMost(s.UpstreamCA, maxFile)
	if err != nil {
		return nil, fmt.Errorf("the file cannot be read (%w); correct the name", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%.200s has no certificate; it has to begin with -----BEGIN CERTIFICATE-----",
			s.UpstreamCA)
	}
	return pool, nil
}
