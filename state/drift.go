package state

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/internal/wrapped"
)

// DriftOptions configure a [Drift]. The zero value reports, and changes no response.
type DriftOptions struct {
	// Events takes what is found to its observers, sampled: each finding at once, and while it goes on, once a minute
	// with the count of that time. The default is nobody.
	Events *event.Queue

	// Ignore are names of cookies in requests that belong to something else on the same host, such as an operator's
	// console on another port. They are not reported.
	Ignore []string

	// RefuseInTests makes tests fail where the inventory is not true: a response that drifts panics, and a key of the
	// session that nobody declared is not set. Cookies that requests bring are reported only. In a program that is no
	// test it changes nothing.
	RefuseInTests bool
}

// A Drift compares what a program really keeps with its inventory, while it runs. Its methods are safe for concurrent
// use.
//
//	drift := state.NewDrift(inventory, state.DriftOptions{Events: events})
//	sessions := session.New(store, session.Options{CheckKey: drift.CheckKey, Events: events})
//	http.ListenAndServe("127.0.0.1:8080", drift.Handler(sessions.Handler(mux)))
type Drift struct {
	inv    *Inventory
	events *event.Queue
	ignore []string
	refuse bool
	counts [len(driftKinds)]atomic.Uint64
	found  findings
}

// NewDrift returns a comparison with an inventory. It panics without one.
func NewDrift(inv *Inventory, opts DriftOptions) *Drift {
	if inv == nil {
		panic(fmt.Errorf("state: NewDrift: %w", errNoInventory))
	}
	return &Drift{inv: inv, events: opts.Events, ignore: slices.Clone(opts.Ignore),
		refuse: opts.RefuseInTests && testing.Testing()}
}

// Handler watches the cookies that come with requests to next, and those that its responses set. It belongs outside of
// all that sets cookies, so that it sees each of them: drift.Handler(sessions.Handler(mux)). It looks when next has
// returned, and at responses that begin after a panic not at all.
func (d *Drift) Handler(next http.Handler) http.Handler {
	wrapped.MustBe(next, "state: Drift.Handler")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lines := r.Header["Cookie"]; len(lines) > 0 {
			d.seeRequest(r, lines)
		}
		next.ServeHTTP(w, r)
		for _, line := range w.Header()["Set-Cookie"] {
			if err := d.seeResponse(r, line); err != nil && d.refuse {
				panic(err)
			}
		}
	})
}

// maxRequestCookies bounds the work for one request. Browsers keep 180 cookies of a site or fewer.
const maxRequestCookies = 200

func (d *Drift) seeRequest(r *http.Request, lines []string) {
	n := 0
	for name := range cookie.All(lines) {
		if n++; n > maxRequestCookies {
			d.report(r, finding{event.UnknownCookie, "", "more cookies than are looked at"})
			return
		}
		if d.inv.lookup(KindCookie, "", name) == nil && !slices.Contains(d.ignore, name) {
			d.report(r, finding{event.UnknownCookie, name, "a request brought it"})
		}
	}
}

// seeResponse returns an error for a Set-Cookie line that is not as declared. A deletion keeps nothing, so it has to be
// as declared only where there is a declaration.
func (d *Drift) seeResponse(r *http.Request, line string) error {
	name, attributes := split(line)
	e := d.inv.lookup(KindCookie, "", name)
	if e != nil && e.seen.is(attributes) {
		return nil
	}
	p := cookie.Parse(line)
	now := time.Now()
	end, persistent := p.Expiry(now)
	lifetime := end.Sub(now)
	switch {
	case e == nil && persistent && lifetime <= 0:
		return nil
	case e == nil:
		d.report(r, finding{event.UndeclaredCookie, name, "a response set it"})
		return fmt.Errorf("state: the response to %s %s sets the cookie %q, which nobody declared: "+
			"declare it in the inventory", r.Method, r.URL.Path, clip(name))
	}
	if wrong := e.differs(&p, lifetime, persistent); wrong != "" {
		d.report(r, finding{event.DifferentCookie, name, wrong})
		return fmt.Errorf("state: the response to %s %s sets the cookie %q otherwise than it is declared: %s",
			r.Method, r.URL.Path, clip(name), wrong)
	}
	e.seen.note(attributes)
	return nil
}

// split returns the name of a cookie as cookie.Parse finds it, and what stands behind its value.
func split(line string) (name, attributes string) {
	pair := line
	if i := strings.IndexByte(line, ';'); i >= 0 {
		pair, attributes = line[:i], line[i:]
	}
	i := strings.IndexByte(pair, '=')
	if i < 0 {
		return "", attributes
	}
	return strings.Trim(pair[:i], " \t"), attributes
}

// seen remembers attributes that were as declared, because most responses repeat them byte by byte. They stay so:
// a date of Expires only comes nearer.
type seen struct{ attributes atomic.Pointer[string] }

func (s *seen) is(attributes string) bool {
	last := s.attributes.Load()
	return last != nil && *last == attributes
}

func (s *seen) note(attributes string) {
	attributes = strings.Clone(attributes)
	s.attributes.Store(&attributes)
}

// slack is for the way from the clock that wrote a date of Expires to this one.
const slack = time.Minute

// differs says where a cookie is not as declared, "" if nowhere.
func (e *Entry) differs(p *cookie.Parsed, lifetime time.Duration, persistent bool) string {
	var wrong []string
	if a := e.Attributes; a != nil {
		wrong = a.differ(p, persistent && lifetime <= 0)
	}
	switch {
	case persistent && lifetime <= 0:
	case persistent && e.Lifetime == 0:
		wrong = append(wrong, "it outlives the browser session")
	case lifetime > e.Lifetime+slack:
		wrong = append(wrong, "it lives longer than "+e.LifetimeText())
	}
	return strings.Join(wrong, "; ")
}

// differ compares attributes. Those that find a cookie have to be right in a deletion as well.
func (a *Attributes) differ(p *cookie.Parsed, deletion bool) (wrong []string) {
	text := func(name, is, want string) {
		if is != want {
			wrong = append(wrong, fmt.Sprintf("%s is %q, not %q", name, clip(is), want))
		}
	}
	flag := func(name string, is, want bool) {
		switch {
		case is && !want:
			wrong = append(wrong, name+" is there")
		case !is && want:
			wrong = append(wrong, name+" is missing")
		}
	}
	text("Path", p.Path, a.Path)
	text("Domain", p.Domain, a.Domain)
	flag("Partitioned", p.Partitioned, a.Partitioned)
	if !deletion {
		flag("Secure", p.Secure, a.Secure)
		flag("HttpOnly", p.HttpOnly, a.HttpOnly)
		text("SameSite", p.SameSite.String(), a.SameSite.String())
	}
	return wrong
}

// CheckKey reports a key of the session that nobody declared. It is made for session.Options.CheckKey. With
// RefuseInTests it returns an error in tests, and nil everywhere else.
func (d *Drift) CheckKey(name string) error {
	if d.inv.lookup(KindSession, "", name) != nil {
		return nil
	}
	d.report(nil, finding{event.UndeclaredKey, name, "it was set in a session"})
	if !d.refuse {
		return nil
	}
	return fmt.Errorf("%w: %q", errUndeclaredKey, clip(name))
}

var errUndeclaredKey = errors.New("state: nobody declared the session key: declare it in the inventory with NewSession")
