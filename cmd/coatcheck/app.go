package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/auth"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/gate"
	"coatcheck.dev/session"
	"coatcheck.dev/token"
)

// An app is one site behind the gate. A configuration that says the same of it as the one before goes on with it, so
// that its connections stay.
type app struct {
	hosts   []string
	key     string // all that it follows from
	handler http.Handler
	close   func() // closes the connections to the app that no request uses
	manager *managed
	token   func(s *session.Session, audience string) (string, time.Time, error) // nil if the site makes none
	uses    int                                                                  // generations that have it
}

// A managed is a manager of sessions that apps with the same sessions share.
type managed struct {
	*session.Manager
	key  string
	uses int // apps that have it
}

// sessionKey is what a site's manager follows from.
func sessionKey(s *config.Site) string {
	o := s.SessionOptions()
	return fmt.Sprint(o.Realm, s.Cookie, o.IdleTimeout, o.Lifetime, o.RememberIdleTimeout, o.RememberLifetime,
		o.RotateEvery, o.RotationGrace, o.Theft, o.MaxSessions, o.AtLimit, o.MaxVisitors, o.MaxBytes, o.MaxKeys,
		o.Header != nil, o.Passive != nil, o.OnFailure != nil, fmt.Sprintf("%q %q", o.SignInPath, folders(s)))
}

// appKey is what an app follows from.
func appKey(s *config.Site, hidden []string, signals string) (string, error) {
	authorities, err := readIf(s.UpstreamCA)
	if err != nil {
		return "", err
	}
	inventory, err := readIf(s.Inventory)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%+v %x %x %q %q", *s, sha256.Sum256(authorities), sha256.Sum256(inventory), hidden,
		signals), nil
}

func readIf(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	return os.ReadFile(name)
}

// newApp makes the app of a site. The caller has counted the manager's use.
func (t *router) newApp(s *config.Site, hidden []string, m *managed) (*app, error) {
	a := &app{hosts: s.Hosts, manager: m, close: func() {}}
	issuer, err := t.issuer(s, m)
	if err != nil {
		return nil, err
	}
	var issue func(*session.Session) (string, error)
	if issuer != nil {
		a.token = issuer.IssueUntil
	}
	if s.TokensFor != "" {
		issue = func(visitor *session.Session) (string, error) { return issuer.Issue(visitor, s.TokensFor) }
	}
	if s.Beside != "" {
		a.handler, err = t.beside(s, m, issue)
	} else {
		err = t.inFront(a, s, hidden, issue)
	}
	if err != nil {
		return nil, err
	}
	signals := t.signals
	if issuer == nil && signals != "" && t.s.keys != nil {
		issuer = token.NewIssuer(m.Manager, t.s.keys, token.Options{Issuer: signals})
	}
	if issuer != nil {
		a.handler = withJWKS(issuer.JWKS(), a.handler)
	}
	if signals != "" {
		a.handler = transmitter(signals, a.handler)
	}
	return a, nil
}

// issuer returns what makes a site's tokens, and nil if it has none.
func (t *router) issuer(s *config.Site, m *managed) (*token.Issuer, error) {
	if s.TokensIssuer == "" {
		return nil, nil
	}
	if t.s.keys == nil {
		return nil, errors.New("tokens-issuer: the program was started without keys for tokens; restart it")
	}
	options := token.Options{Issuer: s.TokensIssuer}
	if err := options.Check(); err != nil {
		return nil, err
	}
	return token.NewIssuer(m.Manager, t.s.keys, options), nil
}

// beside answers the proxy of a site.
func (t *router) beside(
	s *config.Site, m *managed, issue func(*session.Session) (string, error),
) (http.Handler, error) {
	dialect, err := auth.DialectOf(s.Beside)
	options := auth.Options{Dialect: dialect, Options: s.RouteOptions(), Token: issue, Log: t.s.log}
	if err := errors.Join(err, options.Check()); err != nil {
		return nil, err
	}
	return auth.New(m.Manager, options), nil
}

// inFront puts a gate in front of a site's app.
func (t *router) inFront(
	a *app, s *config.Site, hidden []string, issue func(*session.Session) (string, error),
) error {
	u, err := s.UpstreamURL()
	if err != nil {
		return err
	}
	options := t.gateOptions(s, u)
	options.Hidden, options.Token = hidden, issue
	if options.UpstreamCA, err = s.Authorities(); err != nil {
		return err
	}
	watch := func(h http.Handler) http.Handler { return h }
	if s.Inventory != "" {
		inv, err := appInventory(s, a.manager.Options())
		if err != nil {
			return err
		}
		drift := t.s.compare(inv, hidden)
		watch, options.OnSet = drift.Handler, func(key string) { _ = drift.CheckKey(key) } // it reports
	}
	if err := options.Check(); err != nil {
		return err
	}
	g := gate.New(a.manager.Manager, options)
	a.handler, a.close = watch(g), g.Close
	return nil
}

// gateOptions are what the configuration says of the gate of a site.
func (t *router) gateOptions(s *config.Site, u *url.URL) gate.Options {
	return gate.Options{
		Upstream: u, Log: t.s.log, Closing: t.s.closing,
		FormTokens:  s.FormTokens,
		PassHeaders: s.PassHeader, Options: s.RouteOptions(),
		AnswerTimeout: orAny(s.UpstreamTimeout), BodyTimeout: orAny(s.BodyTimeout),
	}
}

// warn says what is dangerous in a site's configuration.
func (t *router) warn(s *config.Site) {
	if s.InsecureReportCrossSite {
		t.s.log.Warn("pages of other sites may act in a visitor's name: --insecure-report-cross-site reports " +
			"them and refuses nothing")
	}
	if s.InsecureTrustNullOrigin {
		t.s.log.Warn("pages of any site may act in a visitor's name: insecure-trust-null-origin trusts what every " +
			"site " +
			"can send")
	}
	if s.Cookie.Domain != "" {
		t.s.log.Warn("each host of the domain is given every visitor's ticket", "domain", s.Cookie.Domain)
	}
}

// hidden are the cookies that no app sees or sets: those of the console and of every site.
func hidden(sites []*config.Site, named func(*config.Site) string) []string {
	names := []string{console.Cookie, console.InsecureCookie}
	for _, s := range sites {
		names = append(names, named(s))
	}
	return names
}

// devName is the name of a site's cookie with --dev, without a prefix.
func devName(s *config.Site) string {
	name := strings.TrimPrefix(strings.TrimPrefix(s.Cookie.Name, "__Host-"), "__Secure-")
	if name == "" {
		return insecureCookie
	}
	return "coatcheck-" + name
}
