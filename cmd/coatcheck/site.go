package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/cmd/coatcheck/internal/auth"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/gate"
	"coatcheck.dev/cmd/coatcheck/internal/shop"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
)

// A site is what visitors get: the demo shop, or the app behind the gate.
type site struct {
	name    string // for the console
	label   string // for the terminal
	hint    string // what to do there
	options session.Options
	public  []string                               // folders of what is the same for everybody
	keys    bool                                   // whether keys are needed even if data is not encrypted
	keeps   func(session.Options) *state.Inventory // what the site's own inventory has; nil if it says nothing
	handler func(*server) http.Handler
	pushes  *config.Pushes // who else hears of what happens; nil for nobody
	observe event.Observer // of all events of the site, beside the log and the metrics; nil for none
}

// bind has the site's sessions bound to devices, if the flags say so.
func (s *site) bind(flags config.Server, log *slog.Logger) error {
	if flags.BindDevices == "off" {
		return nil
	}
	const quota = 5 * time.Minute
	o := bound.Options{Lifetime: flags.BindLifetime, LifetimeBelowQuota: true, Open: s.public}
	if s.options.Cookie != "" {
		o.Cookie = s.options.Cookie + "-bound"
	}
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

// folders returns the public folders of a site. No session is looked up at other public paths either, but to a browser
// and to package bound they would stand for all below them, too, where the gate does look one up.
func folders(s *config.Site) []string {
	return slices.DeleteFunc(slices.Clone(s.Public), func(path string) bool { return !strings.HasSuffix(path, "/") })
}

var demo = site{
	name:    "demo shop",
	label:   "Shop",
	hint:    "Sign in to the shop as ada (password lovelace), alan (turing) or grace (hopper).",
	options: session.Options{SignInPath: "/login"},
	keeps:   shop.InventoryOf,
	handler: func(s *server) http.Handler {
		s.front.BodyTimeout = ownBodyTimeout
		return shop.New(s.sessions, shop.Options{ConsoleURL: s.back.URL(), Log: s.log})
	},
}

// gated returns the site of apps behind the gate.
func gated(flags *config.Serve) site {
	all := flags.All()
	first := all[0]
	name, hint := first.Upstream, "Requests go on to "+first.Upstream
	switch {
	case len(all) > 1:
		hint = fmt.Sprintf("%d sites: requests go on to the app of their host", len(all))
	case first.Beside != "":
		name, hint = first.Beside, first.Beside+" asks at "+auth.Path+", and passes requests on to the app"
	}
	st := site{
		name:    name,
		label:   "App",
		hint:    hint + ", with the headers Coatcheck-User, -Session and -Data.",
		public:  folders(first),
		options: first.SessionOptions(),
		pushes:  &flags.Pushes,
		keys:    flags.SharedSignals.URL != "",
		handler: func(s *server) http.Handler {
			s.front.PerConnection = gate.WithClient
			if slices.ContainsFunc(all, func(one *config.Site) bool { return one.Beside == "envoy" }) {
				s.front.PlainHTTP2 = true
				return auth.GRPC(s.openRouter(flags))
			}
			return s.openRouter(flags)
		},
	}
	for _, one := range all {
		st.keys = st.keys || one.TokensIssuer != ""
	}
	return st
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
	network, address := "tcp", u.Host
	switch {
	case u.Scheme == "unix":
		network, address = "unix", u.Path
	case u.Port() == "":
		address = net.JoinHostPort(u.Hostname(), strings.TrimSuffix(u.Scheme, "2c")) // which the resolver knows
	}
	conn, err := net.DialTimeout(network, address, 2*time.Second)
	if err != nil {
		s.log.Warn("the app does not answer yet; if it never does, correct --upstream", "upstream", u.String(),
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
