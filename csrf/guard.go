package csrf

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"coatcheck.dev/event"
	"coatcheck.dev/internal/defaultstatus"
	"coatcheck.dev/internal/wrapped"
)

// Options configure a [Guard]. The zero value refuses every request of another origin.
type Options struct {
	// TrustedOrigins may send any request. Write each as browsers do: "https://accounts.example.com". They are
	// compared byte by byte, without wildcards. A script of such an origin can do anything here that a visitor can.
	// Apps and extensions have origins, too: "capacitor://localhost", "tauri://localhost", "chrome-extension://ID".
	TrustedOrigins []string

	// InsecureTrustNullOrigin trusts "Origin: null" as well. It is what pages from files send, but also what any site
	// can make a browser send, out of a frame with the attribute sandbox: every site of the world can then act in a
	// visitor's name.
	InsecureTrustNullOrigin bool

	// Denied answers refused requests. The status is 403 unless it writes another one. The default is a short page.
	Denied http.Handler

	// InsecureReportOnly reports requests instead of refusing them, to test a site's own pages before the protection
	// is switched on.
	InsecureReportOnly bool

	// Tokens ask for a token where a client tells neither Sec-Fetch-Site nor Origin, as old browsers do. The default is
	// none: then such a request passes. With tokens the guard belongs inside of the session manager's handler.
	Tokens Tokens

	// Events takes refused requests to its observers, as events of the kind event.CrossSite. The default is none.
	Events *event.Queue

	// TrustedProxies are the networks whose X-Forwarded-Host, -Port and -Proto tell which origin a request is for, and
	// whose X-Forwarded-For tells the client's address for events. The default is none: then the Host header and the
	// connection tell.
	TrustedProxies []netip.Prefix
}

// Check returns the errors in the options, nil if there are none. [New] panics with them.
func (o Options) Check() error {
	var errs []error
	for _, origin := range o.TrustedOrigins {
		if err := checkOrigin(origin); err != nil {
			errs = append(errs, fmt.Errorf("csrf: Options.TrustedOrigins: %w", err))
		}
	}
	if t := o.Tokens; t.Session == nil && (t.InsecureCookie || t.InsecureReportOnly) {
		errs = append(errs, errors.New("csrf: Options.Tokens has no Session, so that no token is asked for"))
	}
	return errors.Join(errs...)
}

// noOrigin are schemes whose pages, if there are any, send another origin or none.
var noOrigin = []string{"", "about", "blob", "data", "file", "ftp", "javascript", "mailto", "ws", "wss"}

// checkOrigin refuses misspelt origins, because they would never match and nobody would know why.
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	switch {
	case origin == "null":
		return errors.New("\"null\" is no origin, but what any site can send out of a sandboxed frame: " +
			"find out what sends it, and only then set InsecureTrustNullOrigin")
	case err != nil || u.Hostname() == "" || slices.Contains(noOrigin, u.Scheme):
		return fmt.Errorf("%.100q is no origin: write scheme and host, as in \"https://accounts.example.com\"", origin)
	case strings.Contains(origin, "*"):
		return fmt.Errorf("%.100q has a wildcard, and origins are compared byte by byte: name each one", origin)
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r > 0x7f }):
		return fmt.Errorf("%.100q has letters beyond ASCII: write the host as browsers send it, in punycode (xn--…)",
			origin)
	case origin != u.Scheme+"://"+u.Host:
		return fmt.Errorf("%.100q has more than scheme, host and port, or browsers spell it differently: write %q",
			origin, u.Scheme+"://"+strings.ToLower(u.Host))
	case u.Host != strings.ToLower(u.Host):
		return fmt.Errorf("%.100q has capital letters, but browsers send lower case: write %q",
			origin, strings.ToLower(origin))
	case u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" ||
		strings.HasSuffix(u.Host, ":"):
		return fmt.Errorf("%.100q names the default port, but browsers leave it out: write %q",
			origin, u.Scheme+"://"+strings.TrimSuffix(u.Host, ":"+u.Port()))
	case !isPort(u.Port()):
		return fmt.Errorf("%.100q has a port that no browser sends: write a number from 1 to 65535, without zeros "+
			"before it", origin)
	}
	return nil
}

// isPort reports whether a browser could write the port like this, or leave it out.
func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return text == "" || err == nil && n > 0 && strconv.FormatUint(n, 10) == text
}

// A Guard refuses requests that other sites make browsers send. It is safe for concurrent use.
type Guard struct {
	opts  Options
	rules http.CrossOriginProtection
}

// New returns a guard. It panics on wrong options, because they are part of the program. If they come from elsewhere,
// use [Options.Check] first.
func New(opts Options) *Guard {
	if err := opts.Check(); err != nil {
		panic(err)
	}
	g := &Guard{opts: opts}
	for _, origin := range opts.TrustedOrigins {
		if err := g.rules.AddTrustedOrigin(origin); err != nil {
			panic(fmt.Errorf("csrf: Options.TrustedOrigins: %w", err)) // Check is stricter
		}
	}
	return g
}

// Handler passes requests to next unless another site sent them; it answers those with 403. It belongs outside of
// everything that acts on a request, but with Options.Tokens inside of what knows the session.
func (g *Guard) Handler(next http.Handler) http.Handler {
	wrapped.MustBe(next, "csrf: Handler")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = g.withIssuer(w, r)
		if g.exempt(r) {
			next.ServeHTTP(w, r)
			return
		}
		// The answer depends on these. Answers to GET do not, and stay cacheable.
		addVary(w.Header(), "Sec-Fetch-Site, Origin")
		if g.needsToken(r) {
			addVary(w.Header(), "Cookie, Authorization, "+HeaderName)
		}
		err := g.Check(r)
		refused := err != nil && !g.reportOnly(err)
		if err != nil {
			g.report(r, err, refused)
		}
		if !refused {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		g.denied(err).ServeHTTP(defaultstatus.Writer(w, http.StatusForbidden), r)
	})
}

// reportOnly reports whether a request passes in spite of an error.
func (g *Guard) reportOnly(err error) bool {
	return g.opts.InsecureReportOnly || g.opts.Tokens.InsecureReportOnly && isTokenError(err)
}

var errPlainOrigin = errors.New("cross-origin request detected: Sec-Fetch-Site is missing, and Origin is a page over " +
	"plain HTTP")

var errSeveral = errors.New("cross-origin request detected: there are several headers Origin or Sec-Fetch-Site, and " +
	"no browser sends two")

// Check returns an error if another site made the browser send the request, or may have; the error tells the evidence.
// InsecureReportOnly, of Options or Tokens, has no effect on it. If it has to look for a token in a form, it reads at
// most 64 KiB of the body, and puts another body in its place that is whole again.
func (g *Guard) Check(r *http.Request) error {
	if g.exempt(r) {
		return nil
	}
	if len(r.Header["Origin"]) > 1 || len(r.Header["Sec-Fetch-Site"]) > 1 {
		return errSeveral
	}
	if g.needsToken(r) {
		return g.opts.Tokens.check(r)
	}
	if isSafe(r.Method) { // an upgrade: judged as a POST
		r = r.WithContext(r.Context())
		r.Method = http.MethodPost
	}
	origin := r.Header.Get("Origin")
	if origin == "null" && g.opts.InsecureTrustNullOrigin {
		return nil
	}
	if r.Header.Get("Sec-Fetch-Site") != "" || origin == "" || slices.Contains(g.opts.TrustedOrigins, origin) {
		return g.rules.Check(r)
	}
	if event.ClientScheme(r, g.opts.TrustedProxies) == "https" && strings.HasPrefix(origin, "http:") {
		return errPlainOrigin // the rules compare hosts alone
	}
	if g.isOwn(r, origin) {
		return nil
	}
	// A proxy's address is no host that a browser could have asked for.
	r = r.WithContext(r.Context())
	r.Host = event.ClientHost(r, g.opts.TrustedProxies)
	return g.rules.Check(r)
}

// needsToken reports whether nothing but a token can tell where a request comes from. Two kinds tell it in another way:
//   - Browsers have always sent Origin with the handshake of a WebSocket (RFC 6455, section 4.1; over HTTP/2 it is a
//     CONNECT, RFC 8441), and let no page ask for another change of the protocol.
//   - No page can add "Authorization: Bearer" to a request to another site, unless that site's answers to preflights
//     allow it (CORS). Browsers add the schemes Basic, Digest and Negotiate by themselves, so these prove nothing.
func (g *Guard) needsToken(r *http.Request) bool {
	if g.opts.Tokens.Session == nil || r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != "" {
		return false
	}
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return !isSafe(r.Method) && r.Method != http.MethodConnect && !strings.EqualFold(scheme, "Bearer")
}

// isOwn reports whether an origin is the one that the request is for. Hosts and ports are compared as those of URLs
// are: without case, and with the scheme's port where none is named. Where a trusted proxy names none, it has left out
// the port, and that says nothing.
func (g *Guard) isOwn(r *http.Request, origin string) bool {
	from, err := url.Parse(origin)
	if err != nil || from.Hostname() == "" || from.Scheme != "https" && from.Scheme != "http" {
		return false
	}
	to, err := url.Parse(from.Scheme + "://" + event.ClientHost(r, g.opts.TrustedProxies))
	if err != nil || !strings.EqualFold(from.Hostname(), to.Hostname()) {
		return false
	}
	return port(from) == port(to) || to.Port() == "" && event.Trusts(g.opts.TrustedProxies, r.RemoteAddr)
}

// port returns a URL's port, or that of its scheme.
func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// exempt reports whether a request cannot change anything, whoever sent it.
func (g *Guard) exempt(r *http.Request) bool {
	return isSafe(r.Method) && r.Header.Get("Upgrade") == ""
}

// isSafe names the same methods as http.CrossOriginProtection (RFC 9110, section 9.2.1, but for TRACE).
func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}
