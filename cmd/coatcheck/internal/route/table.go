package route

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/access"
	"coatcheck.dev/csrf"
	"coatcheck.dev/session"
)

// A rule is what a request has to meet: that of one route, or the strictest of several.
type rule struct {
	Route
	bearer  bool         // the ticket is in the Authorization header
	handler http.Handler // behind the sessions' own
}

// strictest returns a rule that asks for all that two rules ask for, and allows what both allow.
func strictest(a, b Route) Route {
	rank := [...]int{Public: 0, Optional: 1, AnyVisitor: 2, Required: 3}
	if rank[b.Access] > rank[a.Access] {
		a.Access = b.Access
	}
	if a.Recent == 0 || b.Recent > 0 && b.Recent < a.Recent {
		a.Recent = b.Recent
	}
	a.Level, a.Stale, a.Passive = max(a.Level, b.Level), min(a.Stale, b.Stale), a.Passive && b.Passive
	return a
}

// special reports whether the manager's options have to know of the rule.
func (r *rule) special() bool {
	return r.bearer || r.Access == Optional || r.Stale > 0 || r.Passive
}

type ruleKey struct{}

func ruleOf(r *http.Request) *rule {
	special, _ := r.Context().Value(ruleKey{}).(*rule)
	return special
}

// OnFailure is for session.Options.OnFailure, as are [Passive] and [Bearer] for theirs, of the manager that a table is
// made of where it has routes or bearer clients: they say what the route of a request says.
func OnFailure(r *http.Request) session.Failure {
	switch special := ruleOf(r); {
	case special == nil:
		return session.Required
	case special.Access == Optional:
		return session.Optional
	case special.Stale > 0:
		return session.Stale(special.Stale)
	}
	return session.Required
}

// Passive is for session.Options.Passive: see [OnFailure].
func Passive(r *http.Request) bool {
	special := ruleOf(r)
	return special != nil && special.Passive
}

// Bearer is for session.Options.Header: see [OnFailure].
func Bearer(r *http.Request) bool {
	special := ruleOf(r)
	return special != nil && special.bearer
}

// Options say what the requests of a site need.
type Options struct {
	// Public are paths of what is the same for everybody, such as "/static/" for all below it, or "/robots.txt". The
	// store is not asked there, the identity headers are empty, and what the app says about caching stays. The default
	// is none.
	Public []string

	// Routes say what requests need, in order: the first that matches counts. Public stands before them. A manager
	// needs OnFailure and Passive of this package for Optional, Stale and Passive to mean anything.
	Routes []Route

	// Bearer are the paths of programs and mobile apps that have no cookies: they send their ticket as "Authorization:
	// Bearer", and get a new one in the header Session-Ticket. The manager needs [Bearer] of this package.
	Bearer []Pattern

	// TrustedOrigins are other origins, such as "https://pay.example", whose requests may change something here.
	TrustedOrigins []string

	// InsecureTrustNullOrigin trusts "Origin: null" as well: see csrf.Options.
	InsecureTrustNullOrigin bool

	// InsecureReportCrossSite reports requests of other sites that would change something, and passes them on: for the
	// time in which an operator finds out which origins to trust.
	InsecureReportCrossSite bool
}

// CrossSite returns the rules for requests that other sites make browsers send, for sessions with these options.
func (o *Options) CrossSite(has *session.Options) csrf.Options {
	return csrf.Options{
		TrustedOrigins: o.TrustedOrigins, TrustedProxies: has.TrustedProxies, Events: has.Events,
		InsecureReportOnly: o.InsecureReportCrossSite, InsecureTrustNullOrigin: o.InsecureTrustNullOrigin,
	}
}

// Check reports what is wrong with the options, if anything.
func (o *Options) Check() error {
	for _, path := range o.Public {
		if !strings.HasPrefix(path, "/") || path == "/" {
			return fmt.Errorf("the public path %.100q must be one such as /static/ or /robots.txt", path)
		}
	}
	for i, route := range o.Routes {
		if err := route.Check(); err != nil {
			return fmt.Errorf("the route %s: %w", route.Match, err)
		}
		for _, before := range o.Routes[:i] {
			if before.Match.Covers(route.Match) {
				return fmt.Errorf("the route %s is never reached, because %s stands before it", route.Match,
					before.Match)
			}
		}
	}
	return csrf.Options{TrustedOrigins: o.TrustedOrigins}.Check()
}

// Next is what stands behind the rules of a site.
type Next struct {
	Public  http.Handler // for public paths, where no session is looked up
	Private http.Handler // for all others, behind the manager's handler

	// Inside stands around Private, inside of the manager's handler, and before anybody is asked to sign in. The
	// default is nothing.
	Inside func(http.Handler) http.Handler
}

// A Table finds the rule of a request, and has it met. Its methods may be called from any number of goroutines.
type Table struct {
	sessions *session.Manager
	next     Next
	rules    []rule
	other    rule // where no route matches
	bearer   []Pattern
	handler  http.Handler
	cased    bool // a pattern has capital letters, so that a path without any may mean it too
}

// New returns the table of a site for one door. The options have been checked.
func New(sessions *session.Manager, o Options, next Next) *Table {
	t := &Table{sessions: sessions, next: next, bearer: o.Bearer}
	for _, path := range o.Public {
		t.rules = append(t.rules, rule{Route: Route{Match: PublicPattern(path), Access: Public}})
	}
	for _, route := range o.Routes {
		t.rules = append(t.rules, t.rule(route, false))
	}
	t.other = t.rule(Route{}, false)
	for i := range t.rules {
		p := &t.rules[i].Match
		t.cased = t.cased || !slices.Equal(p.segments, p.loose)
	}
	has := sessions.Options()
	t.handler = csrf.New(o.CrossSite(&has)).Handler(http.HandlerFunc(t.pass))
	return t
}

// PublicPattern is the pattern of one path, or of a folder and all below it.
func PublicPattern(path string) Pattern {
	p := Pattern{text: path, rest: strings.HasSuffix(path, "/")}
	p.segments = strings.Split(strings.Trim(path, "/"), "/")
	p.loose = strings.Split(strings.ToLower(strings.Trim(path, "/")), "/")
	return p
}

// rule returns the rule of a route, with what checks it.
func (t *Table) rule(route Route, bearer bool) rule {
	h, m := t.next.Private, t.sessions
	if route.Level > 0 {
		h = m.RequireLevel(route.Level, h)
	}
	if route.Recent > 0 {
		h = m.RequireRecent(route.Recent, h)
	}
	if route.Access == Required && route.Level == 0 && route.Recent == 0 {
		h = m.Require(h)
	}
	if t.next.Inside != nil {
		h = t.next.Inside(h)
	}
	if route.Access != Public {
		h = m.Handler(h)
	}
	return rule{Route: route, bearer: bearer, handler: h}
}

// of returns the rule for a request.
func (t *Table) of(r *http.Request) *rule {
	if len(t.rules) == 0 && len(t.bearer) == 0 {
		return &t.other
	}
	found, bearer := t.first(r.Method, r.URL.Path, (*Pattern).matches)
	route, several := found.Route, false
	for _, reading := range t.readings(r) {
		other, also := t.first(reading.method, reading.path, reading.matches)
		several, bearer = several || other != found, bearer && also
		route = strictest(route, other.Route)
	}
	if !several && !bearer {
		return found
	}
	combined := t.rule(route, bearer)
	return &combined
}

// readings returns how apps may read a request otherwise than as it stands there.
func (t *Table) readings(r *http.Request) (all []reading) {
	upper := strings.ToUpper(r.Method) // some frameworks take get for GET
	if t.cased || r.URL.RawPath != "" || !simple(r.URL.Path) {
		all = readings(upper, r.URL.Path, r.URL.RawPath)
	}
	if upper != r.Method {
		all = append(all, reading{upper, r.URL.Path, (*Pattern).matches})
	}
	return all
}

// first returns the first rule that matches a path, and whether clients there have their tickets in the header.
func (t *Table) first(method, path string, matches matchFunc) (_ *rule, bearer bool) {
	bearer = slices.ContainsFunc(t.bearer, func(p Pattern) bool { return matches(&p, method, path, false) })
	for i := range t.rules {
		r := &t.rules[i]
		if matches(&r.Match, method, path, r.Access == Required) {
			return r, bearer
		}
	}
	return &t.other, bearer
}

type matchFunc func(p *Pattern, method, path string, anySlash bool) bool

// ServeHTTP lets a request through the door as its route says, unless another site has made the browser send it.
func (t *Table) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.handler.ServeHTTP(w, r) }

// pass refuses TRACE, because an app that answers it would show the browser what the app is told, and CONNECT, which is
// for proxies of another kind.
func (t *Table) pass(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect || r.Method == http.MethodTrace {
		http.Error(w, "Method not allowed.", http.StatusMethodNotAllowed)
		return
	}
	rule := t.of(r)
	access.Took(r.Context(), rule.Match.text)
	if rule.Access == Public {
		t.next.Public.ServeHTTP(w, r)
		return
	}
	if rule.special() {
		r = r.WithContext(context.WithValue(r.Context(), ruleKey{}, rule))
	}
	rule.handler.ServeHTTP(w, r)
}
