package probe

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/echo"
)

// Options say what to attack. Site is required.
type Options struct {
	Site      string   // URL of the site's root
	Probe     string   // the path where it shows package echo; the default is echo.Prefix
	Required  string   // a path that only users may open; "" if there is none to try
	Auth      string   // where a proxy asks who somebody is; the default is /.coatcheck/auth
	Upstreams []string // addresses of the app, host:port; the default is the port of the echo
	Cookie    string   // Cookie header of somebody who is signed in; the default is a session that the gate begins
	Plain     string   // URL of the site by plain http; the default is port 80 if the site has https on port 443
	StoreDown bool     // the store has been stopped: look at nothing else. Needs Cookie
	Mine      bool     // the site may be on another machine
}

func (o Options) withDefaults() Options {
	if o.Probe == "" {
		o.Probe = echo.Prefix
	}
	if o.Auth == "" {
		o.Auth = "/.coatcheck/auth"
	}
	o.Probe = strings.TrimSuffix(o.Probe, "/")
	return o
}

// maxRequests bounds what one run sends.
const maxRequests = 250

var (
	errMany     = fmt.Errorf("probe: more than %d requests", maxRequests)
	cookiePairs = regexp.MustCompile(`^[!-~]+=[ -~]*$`)
)

// An attack is one run.
type attack struct {
	Options
	site *url.URL

	sent     int             // requests
	set      []string        // lines of Set-Cookie that came back
	leaked   []string        // headers that came back and are for the app alone
	mark     string          // what the attacker claims to be
	visitor  *response       // what the probe says without a session
	session  string          // Cookie header with a session; "" without
	user     *response       // what the probe says with that session
	through  map[string]bool // identity headers, by echo.Plain, that get through in their usual spelling
	trailing bool            // trailers of requests reach the app as such
	cached   bool            // pages that nobody may keep are kept
}

// Run attacks a site. An error means that there was nothing to judge.
func Run(ctx context.Context, opts Options) (*Report, error) {
	a := &attack{Options: opts.withDefaults(), mark: "mallory-" + strings.ToLower(rand.Text()[:8]),
		through: map[string]bool{}}
	if err := a.check(); err != nil {
		return nil, err
	}
	if a.StoreDown {
		return a.report([]attempt{{"outage", (*attack).down}}, ctx)
	}
	if err := a.begin(ctx); err != nil {
		return nil, err
	}
	return a.report(rows, ctx)
}

// check reads the options.
func (a *attack) check() (err error) {
	if a.site, err = parseSite(a.Site); err != nil {
		return fmt.Errorf("--site: %w", err)
	}
	if a.Plain == "" && a.site.Scheme == "https" && a.site.Port() == "" {
		a.Plain = "http://" + a.site.Host
	}
	if a.Plain != "" {
		if u, err := parseSite(a.Plain); err != nil || u.Scheme != "http" || u.Hostname() != a.site.Hostname() {
			return fmt.Errorf("--plain: %q is not the same host by plain http", a.Plain)
		}
	}
	for name, path := range map[string]string{"--probe": a.Probe, "--required": a.Required, "--auth": a.Auth} {
		if u, err := url.ParseRequestURI(path); path != "" && (err != nil || u.Path != path || path[0] != '/') {
			return fmt.Errorf("%s: %.80q is not a path such as %s", name, path, echo.Prefix)
		}
	}
	if a.Cookie != "" && (len(a.Cookie) > 8<<10 || !cookiePairs.MatchString(a.Cookie)) {
		return errors.New("--cookie is a Cookie header such as name=value")
	}
	if a.StoreDown && a.Cookie == "" {
		return errors.New("--store-down needs --cookie of a user: what becomes of visitors does not tell")
	}
	for _, address := range append([]string{a.address()}, a.Upstreams...) {
		if err := a.mayAttack(address); err != nil {
			return err
		}
	}
	return nil
}

func parseSite(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, fmt.Errorf("%.80q is not a URL such as https://shop.example", text)
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%.80q has more than a host; name a path with --probe", text)
	}
	return u, nil
}

// mayAttack refuses an address of another machine, unless the operator has said that it is theirs.
func (a *attack) mayAttack(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		return fmt.Errorf("--upstream: %.80q is not host:port", address)
	}
	ip, err := netip.ParseAddr(host)
	if a.Mine || host == "localhost" || err == nil && ip.IsLoopback() || local(ip) {
		return nil
	}
	return fmt.Errorf("%s is not this machine: say --yes-this-is-mine if you may attack it", host)
}

// local reports whether an address is one of this machine.
func local(ip netip.Addr) bool {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(addresses, func(a net.Addr) bool {
		network, ok := a.(*net.IPNet)
		if !ok {
			return false
		}
		own, _ := netip.AddrFromSlice(network.IP)
		return own.Unmap() == ip
	})
}

// address is where the site listens.
func (a *attack) address() string {
	port := a.site.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[a.site.Scheme]
	}
	return net.JoinHostPort(a.site.Hostname(), port)
}

// fresh is the probe's target, another one each time, so that no cache hides what a request did.
func (a *attack) fresh() string { return fmt.Sprintf("%s?request=%s-%d", a.Probe, a.mark, a.sent) }

// begin finds the probe, and a session.
func (a *attack) begin(ctx context.Context) (err error) {
	a.visitor, err = a.get(ctx, a.fresh())
	if err != nil {
		return fmt.Errorf("%s does not answer: %w", a.site, err)
	}
	if a.visitor.report == nil {
		return fmt.Errorf("%s%s is answered %d, and not by coatcheck echo: put that behind the proxy, in place of the "+
			"app or at that path, or name another with --probe", a.site, a.Probe, a.visitor.status)
	}
	a.session = a.Cookie
	if a.session == "" {
		if err := a.beginSession(ctx); err != nil {
			return err
		}
	}
	if a.session != "" {
		a.user, err = a.get(ctx, a.fresh(), "Cookie: "+a.session)
	}
	return err
}

// ticket is the value of a session's cookie: see package session.
var ticket = regexp.MustCompile(`^([!-~]+?)=(1[A-Za-z0-9_-]{54})(?:;|$)`)

// beginSession has the gate begin a session, in which nobody is signed in. Beside a proxy nobody reads what an app
// orders, and there is none.
func (a *attack) beginSession(ctx context.Context) error {
	begun, err := a.get(ctx, a.Probe+"/session")
	if err != nil {
		return err
	}
	for _, line := range begun.header["Set-Cookie"] {
		if m := ticket.FindStringSubmatch(line); m != nil {
			a.session = m[1] + "=" + m[2]
		}
	}
	return nil
}

// signedIn reports whether the probe was told of a session.
func (a *attack) signedIn() bool {
	return a.user != nil && a.user.report != nil && value(a.user.report, "Coatcheck-Session") != ""
}

// value returns a header of a report, which may be nil.
func value(r *echo.Report, name string) string {
	if r == nil {
		return ""
	}
	for _, v := range r.Values(http.CanonicalHeaderKey(name), true) {
		if v != "" {
			return v
		}
	}
	return ""
}
