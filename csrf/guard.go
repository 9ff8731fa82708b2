package csrf

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"coatcheck.dev/event"
)

// Options configure a [Guard]. The zero value refuses every request of another origin.
type Options struct {
	// TrustedOrigins may send any request, each written as browsers do: "https://accounts.example.com". They are
	// compared byte by byte; there are no wildcards. Whoever can run a script there can do here what a visitor can.
	TrustedOrigins []string

	// Denied answers requests that are refused. The status is 403 unless it writes another. The default is a short
	// page.
	Denied http.Handler

	// InsecureReportOnly reports requests that would be refused and lets them pass, to see what a site's own pages do
	// before the protection is switched on.
	InsecureReportOnly bool

	// Events takes refused requests to its observers, as events of the kind event.CrossSite. The default is nobody.
	Events *event.Queue

	// TrustedProxies are the networks whose X-Forwarded-For is believed about the client's address in events. The
	// default is none, and then the address is that of the connection.
	TrustedProxies []netip.Prefix
}

// Check reports what is wrong with the options, if anything; [New] panics with the same error.
func (o Options) Check() error {
	var errs []error
	for _, origin := range o.TrustedOrigins {
		if err := checkOrigin(origin); err != nil {
			errs = append(errs, fmt.Errorf("csrf: Options.TrustedOrigins: %w", err))
		}
	}
	return errors.Join(errs...)
}

// checkOrigin refuses what no browser sends. It would never match, and its author would look for the fault elsewhere.
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return fmt.Errorf("%.100q is no origin: write scheme and host, as in \"https://accounts.example.com\"", origin)
	case strings.Contains(origin, "*"):
		return fmt.Errorf("%.100q has a wildcard, and origins are compared byte by byte: name each one", origin)
	case origin != u.Scheme+"://"+u.Host:
		return fmt.Errorf("%.100q has more than scheme, host and port, or another spelling than browsers send: write %q", origin, u.Scheme+"://"+u.Host)
	case u.Host != strings.ToLower(u.Host):
		return fmt.Errorf("%.100q has capital letters, which browsers send in lower case: write %q", origin, strings.ToLower(origin))
	case u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" || strings.HasSuffix(u.Host, ":"):
		return fmt.Errorf("%.100q names the port that browsers leave out: write %q", origin, u.Scheme+"://"+u.Hostname())
	}
	return nil
}

// A Guard refuses requests that other sites make browsers send. It may be used by any number of goroutines.
type Guard struct {
	opts  Options
	rules http.CrossOriginProtection
}

// New returns a guard. It panics if the options are wrong, as they are part of the program; use [Options.Check] first
// where they come from elsewhere.
func New(opts Options) *Guard {
	if err := opts.Check(); err != nil {
		panic(err)
	}
	g := &Guard{opts: opts}
	if g.opts.Denied == nil {
		g.opts.Denied = http.HandlerFunc(deniedPage)
	}
	for _, origin := range opts.TrustedOrigins {
		if err := g.rules.AddTrustedOrigin(origin); err != nil {
			panic(fmt.Errorf("csrf: Options.TrustedOrigins: %w", err)) // Check is the stricter one
		}
	}
	return g
}

// Handler lets requests through to next unless another site sent them; those are answered with 403, and next is not
// called. It belongs outside of everything that acts on a request.
func (g *Guard) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.exempt(r) {
			next.ServeHTTP(w, r)
			return
		}
		// The answer depends on these two. Those to GET do not, and stay as cacheable as they are.
		w.Header().Add("Vary", "Sec-Fetch-Site, Origin")
		err := g.Check(r)
		if err != nil {
			g.report(r, err)
		}
		if err == nil || g.opts.InsecureReportOnly {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		g.opts.Denied.ServeHTTP(&deniedWriter{ResponseWriter: w}, r)
	})
}

var errPlainOrigin = errors.New("cross-origin request detected: Sec-Fetch-Site is missing, and Origin is a page over plain HTTP")

// Check returns an error if another site made the browser send the request, and says how that can be told.
// Options.InsecureReportOnly has no effect on it.
func (g *Guard) Check(r *http.Request) error {
	if g.exempt(r) {
		return nil
	}
	if isSafe(r.Method) { // an upgrade: to be judged like a request that changes something
		r = r.WithContext(r.Context())
		r.Method = http.MethodPost
	}
	if err := g.rules.Check(r); err != nil {
		return err
	}
	// The rules compare hosts alone.
	origin := r.Header.Get("Origin")
	if r.TLS != nil && r.Header.Get("Sec-Fetch-Site") == "" && strings.HasPrefix(origin, "http:") && !g.trusts(origin) {
		return errPlainOrigin
	}
	return nil
}

func (g *Guard) trusts(origin string) bool {
	for _, trusted := range g.opts.TrustedOrigins {
		if origin == trusted {
			return true
		}
	}
	return false
}

// exempt reports whether a request cannot change anything, whoever sent it.
func (g *Guard) exempt(r *http.Request) bool {
	return isSafe(r.Method) && r.Header.Get("Upgrade") == ""
}

// isSafe names the same methods as http.CrossOriginProtection (RFC 9110, section 9.2.1, but for TRACE).
func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}
