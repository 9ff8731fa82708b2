package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/access"
	"coatcheck.dev/session"
)

// A Route says what requests of a pattern need, and what happens if the store cannot tell who makes them. The first
// route that matches a request counts; a request that none matches gets a session if it has one, and 503 if the store
// cannot tell.
//
// What a route requires holds with and without the slash at the end of a path. An app may read a path in another way
// than the gate, because of "//", "..", an encoded slash or capital letters. So a request counts for the routes of all
// these readings, and the strictest of them wins.
type Route struct {
	Match  Pattern
	Access Access

	// Recent lets only users through who proved who they are within that time, and Level only those who did so at that
	// level or a higher one: see session.Manager.RequireRecent and RequireLevel. Both are for Required. The defaults
	// are any time and any level.
	Recent time.Duration
	Level  int

	// Stale is for how long the last known state of a session is believed while the store is down: see session.Stale.
	// The default is not at all.
	Stale time.Duration

	// Passive requests are no use of the session: polling that goes on while nobody is there.
	Passive bool
}

// Access says who may make a request.
type Access uint8

const (
	// AnyVisitor is everybody, signed in or not. While the store cannot tell, the answer is 503. It is the default.
	AnyVisitor Access = iota
	// Public is everybody, and the answer is the same for all: the store is not asked, the three headers are empty, and
	// what the app says about caching stays.
	Public
	// Optional is everybody, and while the store cannot tell who it is, the request goes on as that of a visitor.
	Optional
	// Required is who is signed in. Others are sent to session.Options.SignInPath, or get 401.
	Required
)

// Check reports what contradicts itself in a route, if anything.
func (r Route) Check() error {
	asks := r.Recent > 0 || r.Level > 0
	switch {
	case r.Recent < 0 || r.Level < 0 || r.Stale < 0:
		return errors.New("times and levels are not negative")
	case asks && r.Access != Required:
		return errors.New("recent and level need access: required")
	case asks && r.Stale > 0:
		return errors.New("recent and level never believe a state that is stale; leave out stale")
	case r.Access == Public && (r.Stale > 0 || r.Passive):
		return errors.New("no session is looked up where access is public, so stale and passive mean nothing there")
	case r.Access == Optional && r.Stale > 0:
		return errors.New("optional goes on as a visitor and stale as the user while the store is down; choose one")
	}
	return nil
}

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

// OnFailure is for session.Options.OnFailure, as are [Passive] and [Bearer] for theirs, of the manager that a gate is
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

// routes finds the rule of a request.
type routes struct {
	gate   *Gate
	rules  []rule
	other  rule // where no route matches
	bearer []Pattern
	cased  bool // a pattern has capital letters, so that a path without any may mean it too
}

func newRoutes(g *Gate) *routes {
	t := &routes{gate: g, bearer: g.opts.Bearer}
	for _, path := range g.opts.Public {
		t.rules = append(t.rules, rule{Route: Route{Match: publicPattern(path), Access: Public}})
	}
	for _, route := range g.opts.Routes {
		t.rules = append(t.rules, t.rule(route, false))
	}
	t.other = t.rule(Route{}, false)
	for i := range t.rules {
		p := &t.rules[i].Match
		t.cased = t.cased || !slices.Equal(p.segments, p.loose)
	}
	return t
}

// publicPattern is the pattern of one path, or of a folder and all below it.
func publicPattern(path string) Pattern {
	p := Pattern{text: path, rest: strings.HasSuffix(path, "/")}
	p.segments = strings.Split(strings.Trim(path, "/"), "/")
	p.loose = strings.Split(strings.ToLower(strings.Trim(path, "/")), "/")
	return p
}

// rule returns the rule of a route, with what checks it.
func (t *routes) rule(route Route, bearer bool) rule {
	h, m := http.Handler(http.HandlerFunc(t.gate.private)), t.gate.sessions
	if route.Level > 0 {
		h = m.RequireLevel(route.Level, h)
	}
	if route.Recent > 0 {
		h = m.RequireRecent(route.Recent, h)
	}
	if route.Access == Required && route.Level == 0 && route.Recent == 0 {
		h = m.Require(h)
	}
	if route.Access != Public {
		h = m.Handler(t.gate.askForTokens(h))
	}
	return rule{Route: route, bearer: bearer, handler: h}
}

// of returns the rule for a request.
func (t *routes) of(r *http.Request) *rule {
	if len(t.rules) == 0 && len(t.bearer) == 0 {
		return &t.other
	}
	found, bearer := t.first(r.Method, r.URL.Path, (*Pattern).matches)
	route, several := found.Route, false
	if t.cased || !simple(r.URL.Path) {
		for _, reading := range readings(r.URL.Path) {
			other, also := t.first(r.Method, reading.path, reading.matches)
			several, bearer = several || other != found, bearer && also
			route = strictest(route, other.Route)
		}
	}
	if !several && !bearer {
		return found
	}
	combined := t.rule(route, bearer)
	return &combined
}

// first returns the first rule that matches a path, and whether clients there have their tickets in the header.
func (t *routes) first(method, path string, matches matchFunc) (_ *rule, bearer bool) {
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

// simple reports whether there is one way to read a path.
func simple(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	for i := range len(path) {
		switch c := path[i]; {
		case 'A' <= c && c <= 'Z', c == '%', c == ';', c == '\\', c >= 0x80, c < ' ':
			return false
		case c == '/' && i+1 < len(path) && (path[i+1] == '/' || path[i+1] == '.'):
			return false
		}
	}
	return true
}

// A reading is a path as some app may understand it.
type reading struct {
	path    string
	matches matchFunc
}

// readings returns how apps may read a path otherwise than as it stands there: tidied up, and with everything undone
// that servers and frameworks undo.
func readings(p string) []reading {
	plain := p
	for range 2 {
		plain = unescape(plain)
	}
	plain = strings.ReplaceAll(plain, `\`, "/")
	segments := strings.Split(plain, "/")
	for i, segment := range segments {
		segments[i], _, _ = strings.Cut(segment, ";") // path parameters
	}
	plain = strings.ToLower(clean(strings.Join(segments, "/")))
	return []reading{{clean(p), (*Pattern).matches}, {plain, (*Pattern).matchesLoosely}}
}

// unescape undoes what is well-formed.
func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]) {
			b.WriteByte(fromHex(text[i+1])<<4 | fromHex(text[i+2]))
			i += 2
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func fromHex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// clean takes "//", "." and ".." out of a path, and keeps its final slash.
func clean(p string) string {
	tidy := path.Clean("/" + p)
	if tidy != "/" && (strings.HasSuffix(p, "/") || strings.HasSuffix(p, "/.") || strings.HasSuffix(p, "/..")) {
		tidy += "/"
	}
	return tidy
}

// ServeHTTP passes a request on as its route says.
func (t *routes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rule := t.of(r)
	access.Took(r.Context(), rule.Match.text)
	if rule.Access == Public {
		t.gate.exchange(w, r, &exchange{})
		return
	}
	if rule.special() {
		r = r.WithContext(context.WithValue(r.Context(), ruleKey{}, rule))
	}
	rule.handler.ServeHTTP(w, r)
}

// checkRoutes reports what is wrong with the routes and patterns of the options, if anything.
func (o *Options) checkRoutes() error {
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
	return nil
}
