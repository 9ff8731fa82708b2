package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/gate"
	"coatcheck.dev/cmd/coatcheck/internal/shop"
	"coatcheck.dev/session"
	"coatcheck.dev/token"
)

// A site is what visitors get: the demo shop, or the app behind the gate.
type site struct {
	name    string // for the console
	label   string // for the terminal
	hint    string // what to do there
	options session.Options
	public  []string // paths of what is the same for everybody
	keys    bool     // whether keys are needed even if data is not encrypted
	handler func(*server) http.Handler
}

// bind has the site's sessions bound to devices, if the flags say so.
func (s *site) bind(flags config.Server, log *slog.Logger) error {
	if flags.BindDevices == "off" {
		return nil
	}
	const quota = 5 * time.Minute
	o := bound.Options{Lifetime: flags.BindLifetime, LifetimeBelowQuota: true, Open: folders(s.public)}
	if flags.BindDevices == "required" {
		o.Policy = bound.Required
	}
	if o.Lifetime <= 0 {
		return fmt.Errorf("--bind-lifetime %v is no time; the default is 10m", o.Lifetime)
	}
	if o.Lifetime < quota {
		log.Warn("--bind-lifetime is for tests: browsers sign too seldom for less than 5m", "lifetime", o.Lifetime)
	}
	if err := o.Check(); err != nil {
		return err
	}
	s.options.Guard = bound.New(o)
	return nil
}

// folders returns those of the paths that stand for all below them. No session is looked up at the others either, but
// to a browser and to package bound they would stand for all below them, too, where the gate does look one up.
func folders(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !strings.HasSuffix(path, "/") })
}

var demo = site{
	name:    "demo shop",
	label:   "Shop",
	hint:    "Sign in to the shop as ada (password lovelace), alan (turing) or grace (hopper).",
	options: session.Options{SignInPath: "/login"},
	handler: func(s *server) http.Handler {
		return shop.New(s.sessions, shop.Options{ConsoleURL: s.back.URL(), Log: s.log})
	},
}

// upstream returns the site of an app behind the gate.
func upstream(flags *config.Serve) (site, error) {
	text := flags.Upstream
	if _, port, err := net.SplitHostPort(text); err == nil && !strings.HasPrefix(port, "//") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || !u.IsAbs() {
		return site{}, fmt.Errorf("--upstream %q is not a URL such as http://127.0.0.1:3000", flags.Upstream)
	}
	options := gate.Options{
		Upstream: u, Hidden: []string{console.Cookie, console.InsecureCookie},
		TrustedOrigins: flags.TrustOrigin, PassHeaders: flags.PassHeader,
		Public: flags.Public, InsecureReportCrossSite: flags.InsecureReportCrossSite,
		AnswerTimeout: orAny(flags.UpstreamTimeout), BodyTimeout: orAny(flags.BodyTimeout),
	}
	if err := options.Check(); err != nil {
		return site{}, err
	}
	issue := token.Options{Issuer: flags.TokensIssuer}
	if flags.TokensFor != "" {
		if err := issue.Check(); err != nil {
			return site{}, errors.New("--tokens-for needs --tokens-issuer: the URL, such as https://shop.example")
		}
	}
	return site{
		name:    u.Host,
		label:   "App",
		hint:    "Requests go on to " + u.String() + " with the headers Coatcheck-User, -Session and -Data.",
		public:  flags.Public,
		options: session.Options{MaxBytes: gate.MaxBytes, MaxKeys: gate.MaxKeys, PrivateCaching: true},
		keys:    flags.TokensFor != "",
		handler: func(s *server) http.Handler {
			options.Log, options.Closing = s.log, s.closing
			if options.InsecureReportCrossSite {
				s.log.Warn("pages of other sites may act in a visitor's name: --insecure-report-cross-site reports " +
					"them and refuses nothing")
			}
			s.front.PerConnection = gate.WithClient
			go s.tryApp(u)
			if flags.TokensFor == "" {
				return gate.New(s.sessions, options)
			}
			issuer := token.NewIssuer(s.sessions, s.keys, issue)
			options.Token = func(visitor *session.Session) (string, error) {
				return issuer.Issue(visitor, flags.TokensFor)
			}
			return withJWKS(issuer.JWKS(), gate.New(s.sessions, options))
		},
	}, nil
}

// withJWKS answers for the public keys, and leaves everything else to the gate, byte for byte.
func withJWKS(jwks, gate http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/jwks.json" {
			jwks.ServeHTTP(w, r)
			return
		}
		gate.ServeHTTP(w, r)
	})
}

// tryApp warns if nobody answers where the app should listen. It may come up later, but an address that is wrong is
// found now.
func (s *server) tryApp(u *url.URL) {
	port := u.Port()
	if port == "" {
		port = u.Scheme // a name that the resolver knows
	}
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(u.Hostname(), port), 2*time.Second)
	if err != nil {
		s.log.Warn("the app does not answer yet; if it never does, correct --upstream", "upstream", u.Host,
			"error", err)
		return
	}
	conn.Close()
}

// orAny returns a flag's time as the gate has it: 0 on the command line is no limit.
func orAny(d time.Duration) time.Duration {
	if d <= 0 {
		return -1
	}
	return d
}
