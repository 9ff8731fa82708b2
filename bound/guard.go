package bound

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A Guard binds the sessions of one manager to their devices: see session.Options.Guard. Its methods may be called from
// any number of goroutines.
type Guard struct {
	opts   Options
	cookie boundCookie
	hashes [1 << 12]atomic.Pointer[hashed]
}

// New returns a guard for session.Options.Guard. It panics if the options contradict each other; use [Options.Check]
// first where they come from elsewhere.
func New(opts Options) *Guard {
	opts, err := opts.withDefaults()
	if err != nil {
		panic(err)
	}
	return &Guard{opts: opts, cookie: credential(opts)}
}

// Options returns the options in force, with the defaults filled in: whoever stands beside the guard learns from it the
// cookie's name.
func (g *Guard) Options() Options { return g.opts }

// Begin asks the browser of a session that begins for a key. After a step-up the one that it has stays good, until the
// browser has shown that it has another. It is for package session.
func (g *Guard) Begin(_ *http.Request, user, before string, now time.Time) (string, func(http.Header)) {
	if g.opts.policy(user) == Off {
		return "", nil
	}
	s, err := decode(before)
	if err != nil {
		s = &state{phase: offered}
	}
	if s.phase == offered {
		s.at = now
	}
	text, authorization := rand.Text(), rand.Text()
	hash := sha256.Sum256([]byte(authorization))
	s.Offer = &offer{challenge{text, now}, hash[:]}
	after, err := s.encode()
	if err != nil {
		return before, nil // it was decoded from the same
	}
	header := offerOf(g.opts.Prefix+registerName, text, authorization)
	return after, func(h http.Header) { h.Set(registrationHeader, header) }
}

// End takes the bound cookie away, so that the browser asks for the next one, and hears that the session has ended. It
// is for package session.
func (g *Guard) End(header http.Header) { g.cookie.end(header) }

const (
	registerName = "register"
	refreshName  = "refresh"
)

// Wrap answers what browsers ask of the guard, and leaves everything else to next. It is for package session.
func (g *Guard) Wrap(m *session.Manager, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, g.opts.Prefix):
			v := visit{g, m, w, r, m.From(r.Context())}
			v.answer(r.URL.Path[len(g.opts.Prefix):])
		case g.opts.Site != "" && r.URL.Path == wellKnown:
			g.listOrigins(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// visit is a request to one of the guard's addresses.
type visit struct {
	guard   *Guard
	manager *session.Manager
	w       http.ResponseWriter
	r       *http.Request
	session *session.Session
}

func (v *visit) answer(name string) {
	header := v.w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cross-Origin-Resource-Policy", "same-site") // hosts of one site refresh at each other's
	v.session.Passive()                                     // the request that waits for it is what counts as use
	switch {
	case name != registerName && name != refreshName:
		http.NotFound(v.w, v.r)
	case v.r.Method != http.MethodPost:
		header.Set("Allow", http.MethodPost)
		http.Error(v.w, "Browsers send POST.", http.StatusMethodNotAllowed)
	case v.session.Unknown():
		v.unavailable()
	case name == registerName:
		v.register()
	default:
		v.refresh()
	}
}

// refuse answers a request whose proof is no good. The status ends what the browser has of the session, if it has
// anything; the session itself goes on, because somebody else may have sent this.
func (v *visit) refuse(kind event.Kind, reason error) {
	v.emit(kind, reason.Error())
	http.Error(v.w, "This proof is no good.", http.StatusUnauthorized)
}

// unavailable has the browser keep what it has.
func (v *visit) unavailable() {
	v.w.Header().Set("Retry-After", "5")
	http.Error(v.w, "Temporarily unavailable. Please try again in a moment.", http.StatusServiceUnavailable)
}

// host is what the browser has asked for, also where a trusted proxy asks for another one, as URLs of https spell it.
func (v *visit) host() string {
	return strings.TrimSuffix(event.ClientHost(v.r, v.manager.Options().TrustedProxies), ":443")
}

func (v *visit) emit(kind event.Kind, reason string) {
	o := v.manager.Options()
	o.Events.Send(event.Event{
		Kind: kind, Handle: v.session.Handle(), User: v.session.User(), Reason: reason,
		Address: event.ClientAddress(v.r, o.TrustedProxies),
	})
}

// change changes the state of a session that a browser has named, and returns false after it has answered because that
// could not be done.
func (v *visit) change(handle store.ID, apply func(s *state, now time.Time) error) bool {
	err := v.tryChange(handle, apply)
	if errors.Is(err, session.ErrEnded) {
		err = v.changeNext(handle, apply)
	}
	return v.done(err)
}

// done returns true if there is no error, and otherwise false after it has answered.
func (v *visit) done(err error) bool {
	var refused refusal
	switch {
	case err == nil:
		return true
	case errors.As(err, &refused):
		v.refuse(refused.kind, refused.reason)
	case errors.Is(err, session.ErrEnded):
		v.end()
	default:
		v.unavailable()
	}
	return false
}

// changeNext is tryChange for the session that stands where one has ended. A browser that has not registered since a
// step-up names the session of before, if it sends no cookies here, or has not heard of the step-up yet. What a sign-in
// has begun has none of its keys.
func (v *visit) changeNext(ended store.ID, apply func(s *state, now time.Time) error) error {
	next, ok := v.manager.Successor(ended)
	if v.session.SignedIn() {
		if v.session.Handle() != ended {
			return session.ErrEnded
		}
		// This node has let the request in by a copy: it may not have heard of anything.
		var err error
		if next, ok, err = v.successor(); err != nil {
			return err
		}
	}
	if !ok {
		return session.ErrEnded
	}
	err := v.tryChange(next, apply)
	if errors.Is(err, errOtherID) {
		return session.ErrEnded
	}
	return err
}

// successor asks the store which session of the user has a key of the name that the browser has for it.
func (v *visit) successor() (next store.ID, ok bool, err error) {
	id, _ := textOf(v.r.Header, idHeader, maxIDLen)
	infos, err := v.manager.List(v.r.Context(), v.session.User())
	if err != nil {
		return next, false, err
	}
	for i := range infos {
		if s, err := decode(infos[i].Guard); err == nil && s.key(id) != nil {
			return infos[i].Handle, true, nil
		}
	}
	return next, false, nil
}

func (v *visit) tryChange(handle store.ID, apply func(s *state, now time.Time) error) error {
	return v.manager.ChangeGuard(v.r.Context(), handle, func(text string, now time.Time) (string, error) {
		s, err := decode(text)
		if err != nil {
			return "", refusal{event.ProofRefused, err}
		}
		if err := apply(s, now); err != nil {
			return "", err
		}
		return s.encode()
	})
}

// refusal is an error with the kind of its event.
type refusal struct {
	kind   event.Kind
	reason error
}

func (r refusal) Error() string { return r.reason.Error() }
func (r refusal) Unwrap() error { return r.reason }

// challengeLife is how long a challenge is good: longer than a bound cookie, because a browser has the next one from
// the time at which it got the last.
func (g *Guard) challengeLife() time.Duration { return 2 * g.opts.Lifetime }
