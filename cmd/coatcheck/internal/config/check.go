package config

import (
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/gate"
	"coatcheck.dev/cookie"
	"coatcheck.dev/csrf"
	"coatcheck.dev/state"
	"coatcheck.dev/token"
)

// Check names everything that is wrong in a configuration: see [Problems]. It looks into the files that the
// configuration names, and opens nothing else.
func (s *Serve) Check() error {
	c := &checker{file: s.file, set: s.set}
	c.server(&s.Server)
	sites := s.All()
	switch {
	case s.file != nil && s.file.at["sites"] != nil && len(s.Sites) == 0:
		c.add("sites", "the list is empty; name a site, or take the key out")
	case len(s.Sites) > 0 && s.file != nil:
		c.onlySites()
	}
	for i, site := range sites {
		if s.file != nil && s.file.at["sites"] != nil && len(s.Sites) == 0 {
			break
		}
		c.prefix = ""
		if len(s.Sites) > 0 {
			c.prefix = fmt.Sprintf("sites[%d].", i)
		}
		c.site(site, s.Dev)
	}
	c.prefix = ""
	if len(s.Sites) > 0 {
		c.between(sites)
	}
	return join(c.problems)
}

// Changed returns the keys, beside those of sites, that another configuration has with other values. A program that
// runs cannot take these up.
func (s *Serve) Changed(other *Serve) (keys []string) {
	a, b := reflect.ValueOf(&s.Server).Elem(), reflect.ValueOf(&other.Server).Elem()
	for _, k := range keysOf(a.Type()) {
		if !reflect.DeepEqual(a.FieldByIndex(k.index).Interface(), b.FieldByIndex(k.index).Interface()) {
			keys = append(keys, k.name)
		}
	}
	return keys
}

// All returns the sites: those of the file, or the one of the flags.
func (s *Serve) All() []*Site {
	if len(s.Sites) == 0 {
		return []*Site{&s.Site}
	}
	all := make([]*Site, len(s.Sites))
	for i := range s.Sites {
		all[i] = &s.Sites[i]
	}
	return all
}

// A checker collects what is wrong.
type checker struct {
	file     *document
	set      map[string]bool // flags that win over the file
	prefix   string          // of the keys of a site
	problems []*Problem
}

// add reports a problem of a key, where the file has it, or where it should be.
func (c *checker) add(path, format string, args ...any) {
	if c.file != nil {
		for at := path; ; {
			if n := c.file.at[at]; n != nil {
				c.problems = append(c.problems, c.file.problemAt(n, path, format, args...))
				return
			}
			i := max(strings.LastIndexByte(at, '.'), strings.LastIndexByte(at, '['))
			if i < 0 {
				break
			}
			at = at[:i]
		}
		if !c.set[flagName(path)] {
			c.problems = append(c.problems, &Problem{c.file.name, 1, 1, path, fmt.Sprintf(format, args...)})
			return
		}
	}
	c.problems = append(c.problems, &Problem{Key: "--" + flagName(path), What: fmt.Sprintf(format, args...)})
}

func (c *checker) of(key, format string, args ...any) { c.add(c.prefix+key, format, args...) }

func (c *checker) server(s *Server) {
	for key, address := range map[string]string{"listen": s.Listen, "console-listen": s.ConsoleListen} {
		if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
			c.add(key, "%.100q is no address; write host:port, such as localhost:8080, or :8080 for all of the machine",
				address)
		} else if n, err := strconv.ParseUint(port, 10, 16); err != nil {
			c.add(key, "%.50q is no port; write a number from 0 to 65535", port)
		} else if key == "console-listen" && n != 0 && s.Listen == s.ConsoleListen {
			c.add(key, "%s is the site's own; choose another port", address)
		}
	}
	for key, address := range map[string]string{"store": s.Store, "move-from": s.MoveFrom, "move-to": s.MoveTo} {
		if address != "" {
			if _, err := backend.Parse(address, key); err != nil {
				c.add(key, "%s", strings.TrimPrefix(err.Error(), key+": "))
			}
		}
	}
	for key, d := range map[string]time.Duration{
		"lease": s.Lease, "store-timeout": s.StoreTimeout, "bind-lifetime": s.BindLifetime,
	} {
		if d <= 0 {
			c.add(key, "%v is no time; write one such as 5s, or take the key out for the default", d)
		}
	}
	if err := s.TLS.Check(); err != nil {
		c.add(c.present("tls-cert", "tls-key", "acme", "acme-email", "acme-staging", "acme-directory", "acme-roots",
			"redirect-from", "hsts", "hsts-subdomains"), "%s", err)
	}
	if s.MoveFrom != "" && s.MoveTo != "" {
		c.add("move-to", "it contradicts move-from: sessions move in one direction; take one of them out")
	}
	if s.ClientConns < 0 || s.StoreCalls <= 0 {
		c.add("store-calls", "it is less than 1; take it out for the default, 256")
	}
}

// present returns the first of the keys that the file has, or else the first.
func (c *checker) present(keys ...string) string {
	for _, key := range keys {
		if c.file != nil && c.file.at[key] != nil {
			return key
		}
	}
	return keys[0]
}

// onlySites refuses keys of one site beside several.
func (c *checker) onlySites() {
	for _, k := range siteKeys() {
		if c.file.at[k] != nil {
			c.add(k, "it is of one site, but there is a list of sites; write it below the site that it is for")
		}
	}
}

func (c *checker) site(s *Site, dev bool) {
	c.upstream(s)
	c.hosts(s)
	c.cookie(s, dev)
	c.times(s)
	c.routes(s)
	if s.SignIn != "" && !localPath(s.SignIn) {
		c.of("sign-in", "%.100q is no path of the site; begin it with one slash, as in /login", s.SignIn)
	}
	for i, path := range s.Public {
		if !strings.HasPrefix(path, "/") || path == "/" || strings.ContainsAny(path, " {}") {
			c.of(fmt.Sprintf("public[%d]", i), "%.100q is no path; write one such as /static/ or /robots.txt; "+
				"patterns belong in routes", path)
		}
	}
	for i, origin := range s.TrustOrigin {
		if err := (csrf.Options{TrustedOrigins: []string{origin}}).Check(); err != nil {
			why := strings.TrimPrefix(err.Error(), "csrf: Options.TrustedOrigins: ")
			if origin == "null" {
				why = `"null" is what any site can send, out of a sandboxed frame; if it has to be, write ` +
					"insecure-trust-null-origin: true"
			}
			c.of(fmt.Sprintf("trust-origin[%d]", i), "%s", why)
		}
	}
	for i, name := range s.PassHeader {
		if _, err := http.NewRequest("GET", "/", nil); err != nil || strings.ContainsAny(name, " :\t") || name == "" {
			c.of(fmt.Sprintf("pass-header[%d]", i), "%.100q is no name of a header; write one such as "+
				"True-Client-IP", name)
		}
	}
	switch issuerErr := (token.Options{Issuer: s.TokensIssuer}).Check(); {
	case s.TokensFor == "" && s.TokensIssuer != "":
		c.of("tokens-issuer", "there is no tokens-for, so no token is made; add it, or take this out")
	case s.TokensFor != "" && s.TokensIssuer == "":
		c.of("tokens-for", "it needs tokens-issuer (--tokens-issuer): the site's URL, such as https://shop.example")
	case s.TokensFor != "" && issuerErr != nil:
		c.of("tokens-issuer", "%.100q is no URL; write one such as https://shop.example", s.TokensIssuer)
	}
	if s.Inventory != "" {
		if info, err := os.Stat(s.Inventory); err != nil || !info.Mode().IsRegular() {
			c.of("inventory", "there is no file %.200s; correct the name, or take the key out", s.Inventory)
		} else if err := checkInventory(s.Inventory); err != nil {
			c.of("inventory", "%v; correct the file %.200s", err, s.Inventory)
		}
	}
	for key, n := range map[string]int{"max-sessions": s.MaxSessions, "max-visitors": s.MaxVisitors,
		"max-keys": s.MaxKeys, "max-bytes": s.MaxBytes} {
		if n < 1 {
			c.of(key, "%d is less than 1; take the key out for the default", n)
		}
	}
	if s.MaxBytes > gate.MaxBytes {
		c.of("max-bytes", "%d is more than %d: all data travels in one header, and many servers read no longer one; "+
			"lower it", s.MaxBytes, gate.MaxBytes)
	}
}

func (c *checker) upstream(s *Site) {
	if s.Upstream == "" {
		c.of("upstream", "it is missing: say where the app is, such as http://127.0.0.1:3000")
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
	if s.UpstreamCA == "" {
		return
	}
	if u.Scheme != "https" {
		c.of("upstream-ca", "the upstream speaks no TLS, so nobody vouches for it; write https://, or take this out")
	} else if _, err := s.Authorities(); err != nil {
		c.of("upstream-ca", "%s", err)
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
	}
	switch {
	case name == "":
		return
	case strings.HasPrefix(name, "__Host-") && domain != "":
		c.of("cookie.name", "browsers drop %.50q with a domain; begin it with __Secure-", name)
	case !strings.HasPrefix(name, "__Host-") && !strings.HasPrefix(name, "__Secure-"):
		c.of("cookie.name", "%.50q has no prefix, so that other hosts could plant a session; write %q", name,
			prefixFor(domain)+name)
	case name == "__Host-" || name == "__Secure-" || len(name) > maxCookieName ||
		strings.ContainsFunc(name, notInName):
		c.of("cookie.name", "%.50q is no name of a cookie; write letters, digits, hyphens and underscores behind "+
			"the prefix",
			name)
	case name == console.Cookie || name == boundCookie:
		c.of("cookie.name", "%s is a cookie of Coatcheck's own; choose another name", name)
	}
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

// times refuses what ends before it can begin to count.
func (c *checker) times(s *Site) {
	o := s.sessionOptions()
	idle, lifetime := orDefault(o.IdleTimeout, time.Hour), orDefault(o.Lifetime, 24*time.Hour)
	rIdle, rLifetime := orDefault(o.RememberIdleTimeout, 14*24*time.Hour), orDefault(o.RememberLifetime,
		30*24*time.Hour)
	for key, d := range map[string]time.Duration{
		"idle-timeout": s.IdleTimeout, "lifetime": s.Lifetime, "remember-idle-timeout": s.RememberIdleTimeout,
		"remember-lifetime": s.RememberLifetime, "rotate-every": s.RotateEvery, "rotation-grace": s.RotationGrace,
	} {
		if d < 0 || d > 0 && d < time.Second {
			c.of(key, "%v is less than a second; write a time such as 30s, 10m or 24h", d)
		}
	}
	if idle > lifetime {
		c.of("idle-timeout", "%v is longer than the lifetime of %v, so it never counts; shorten it, or lengthen "+
			"that", idle,
			lifetime)
	}
	if rIdle > rLifetime {
		c.of("remember-idle-timeout", "%v is longer than the remember-lifetime of %v, so it never counts; "+
			"shorten it, or lengthen that", rIdle, rLifetime)
	}
	if rLifetime > cookie.MaxLifetime {
		c.of("remember-lifetime", "it is over 400 days, and no browser keeps a cookie longer; write 9600h or less")
	}
	if every, grace := orDefault(o.RotateEvery, 30*time.Minute), orDefault(o.RotationGrace,
		30*time.Second); every <= grace {
		key := "rotate-every"
		if s.RotateEvery == 0 {
			key = "rotation-grace"
		}
		c.of(key, "rotate-every (%v) has to be longer than rotation-grace (%v)", every, grace)
	}
}

func orDefault(d, value time.Duration) time.Duration {
	if d == 0 {
		return value
	}
	return d
}

func (c *checker) routes(s *Site) {
	for i := range s.Routes {
		r, path := &s.Routes[i], fmt.Sprintf("routes[%d]", i)
		if r.Match.String() == "" {
			if c.file == nil || c.file.at[c.prefix+path+".match"] == nil {
				c.of(path, "match is missing: say which requests the route is for, such as match: /static/")
			}
			continue
		}
		if err := r.Gate().Check(); err != nil {
			c.of(path, "%s", err)
		}
		for j, before := range s.Routes[:i] {
			if before.Match.String() != "" && before.Match.Covers(r.Match) {
				c.of(path+".match", "the route is never reached, because routes[%d] (%s) matches all of it; "+
					"put this one before that", j, before.Match)
				break
			}
		}
	}
	if c.signInPageIsRequired(s) {
		return
	}
	for i, p := range s.Bearer {
		if p.String() == "/" && len(s.Routes) > 0 && s.SignIn != "" {
			c.of(fmt.Sprintf("bearer[%d]", i), "all paths are bearer clients', so nobody is sent to the sign-in page; "+
				"narrow it, or take sign-in out")
		}
	}
}

// signInPageIsRequired reports a sign-in page that can only be seen by who is signed in.
func (c *checker) signInPageIsRequired(s *Site) bool {
	path, _, _ := strings.Cut(s.SignIn, "?")
	if path == "" || !localPath(s.SignIn) {
		return false
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for i := range s.Routes {
			r := &s.Routes[i]
			if r.Match.String() == "" || !r.Match.Matches(method, path) {
				continue
			}
			access := r.Gate().Access
			if access == gate.Required || access == gate.Public && method == http.MethodPost {
				c.of(fmt.Sprintf("routes[%d].match", i), "it matches the sign-in page, %s %s, where nobody is "+
					"signed in yet "+
					"and somebody has to become it; put a route before it: match: %s, access: any", method, path, path)
				return true
			}
			break
		}
	}
	return false
}

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
	case a.CookieName() == b.CookieName() && a.Cookie.Domain != b.Cookie.Domain && a.reaches(b):
		c.of("cookie.name", "%s of this site and that of sites[%d] reach the same host with different domains, and "+
			"browsers "+
			"would send both; give one of them another name", b.CookieName(), j)
	case a.CookieName() == b.CookieName() && a.onHostOf(b) && !shared:
		c.of("cookie.name", "sites[%d] is on the same host name and has the same cookie, %s, so each would sign "+
			"the other's "+
			"users out; ports do not separate cookies: give one of them another name", j, b.CookieName())
	case a.Realm == b.Realm && a.Realm == "":
		c.of("realm", "neither this site nor sites[%d] has a realm, so that a ticket of one would be good at the "+
			"other; "+
			"name one for each, such as realm: shop, or the same for both if they have the same users", j)
	}
}

// CookieName is the name of the site's cookie.
func (s *Site) CookieName() string {
	if s.Cookie.Name == "" {
		return prefixFor(s.Cookie.Domain) + "session"
	}
	return s.Cookie.Name
}

// shares reports whether two sites mean to share their sessions.
func (s *Site) shares(other *Site) bool {
	return s.Realm == other.Realm && s.Realm != "" && s.CookieName() == other.CookieName() &&
		s.Cookie == other.Cookie
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

func localPath(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.ContainsAny(path, "\\ \t\r\n#")
}

// checkInventory reports what is wrong with a file that declares what a site keeps.
func checkInventory(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, state.MaxInventory+1))
	if err == nil {
		_, err = state.ParseInventory(text)
	}
	return err
}
