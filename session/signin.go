package session

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// A SignInOption says more about a sign-in or step-up.
type SignInOption func(*signIn)

type signIn struct {
	remember bool
	method   string
	level    int
	until    time.Time
}

func newSignIn(options []SignInOption) signIn {
	in := signIn{level: 1}
	for _, option := range options {
		option(&in)
	}
	return in
}

// Remember keeps the user signed in when the browser closes, within Options.RememberIdleTimeout and
// Options.RememberLifetime. Use it only when the user asked for it. In a step-up it changes nothing: sign the user in
// once more.
func Remember(s *signIn) { s.remember = true }

// By names how the user proved who they are, such as "password" or "passkey".
func By(method string) SignInOption { return func(s *signIn) { s.method = method } }

// Level says of a sign-in or step-up how sure the application is of who the user is, on a scale of its own: 1 for a
// password, 2 for a second factor, say. The default is 1.
func Level(level int) SignInOption { return func(s *signIn) { s.level = level } }

// Until ends the session at t at the latest, however much it is used: at the end of a shift, a rental or a contract, or
// of what another system grants. It never makes a session last longer than Options.Lifetime says, and a step-up can
// only bring the end forward. A t that is made from [time.Now] is by this machine's clock, any other by the one that
// records go by, which is the store's. If t is not after now, the sign-in or step-up is an error. The zero time is no
// end. See [Session.Until] for later.
func Until(t time.Time) SignInOption { return func(s *signIn) { s.until = t } }

// MaxUserLen is the longest name of a user, in bytes.
const MaxUserLen = 255

// CheckUser reports what is wrong with the name of a user, if anything. It has 1 to [MaxUserLen] bytes of UTF-8 without
// control characters (C0, DEL and C1), because people will read it in lists and logs. Sessions of other names, from
// before there was this rule, can be listed and ended.
func CheckUser(name string) error {
	wrong := ""
	switch {
	case name == "":
		wrong = "is empty"
	case len(name) > MaxUserLen:
		wrong = fmt.Sprintf("is longer than %d bytes", MaxUserLen)
	case !utf8.ValidString(name):
		wrong = "is not UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		wrong = "has control characters"
	default:
		return nil
	}
	return fmt.Errorf("%w: this one %s", errUser, wrong)
}

// SignIn makes the visitor's session that of a user. There is a new record with a new handle and a new ticket; the
// old ones are dead (ASVS 7.2.4), so that whoever knew the ticket before knows nothing now. Values of keys declared
// with [Carry] go along; if the same user was signed in already, all values do; if another user was, none.
//
// When it returns nil, the new session is durable. On any error nothing has changed, except that the old session may
// have ended by other means. [ErrTooLate] means that the response has begun, and [ErrPlainHTTP] that the browser would
// drop the cookie: see [Session.CookieProblem], whose other error is one here as well. [CheckUser] says which names
// there are.
func (s *Session) SignIn(user string, options ...SignInOption) error {
	if s.m == nil {
		return ErrNoManager
	}
	if err := CheckUser(user); err != nil {
		return err
	}
	st := s.use()
	defer s.mu.Unlock()
	switch {
	case s.remote:
		return errRemote
	case s.begun():
		return ErrTooLate
	}
	if err := s.CookieProblem(); err != nil {
		return err
	}
	return st.signIn(user, newSignIn(options), s.m.store.Now())
}

func (st *state) signIn(user string, in signIn, now time.Time) error {
	t := newTicket(store.NewID(), st.m.opts.Realm)
	record := st.m.newRecord(st.request, t, user, now, in.remember)
	record.Auth = []store.Auth{{Method: in.method, At: now, Level: in.level}}
	until, err := st.m.deadline(in.until, now)
	if err != nil {
		return err
	}
	record.ExpiresAt = earlier(record.ExpiresAt, until)
	guard, tell := st.beginGuard(user, "", now)
	record.Guard = guard
	if err := st.m.makeRoom(st.context(), user, st.record.ID); err != nil {
		return err
	}
	was := st.record.ID
	err = ErrEnded
	if st.exists() {
		err = st.replace(t, func() store.Record {
			record.Data = st.carried(user)
			return record
		})
	}
	if errors.Is(err, ErrEnded) {
		// There is no session to replace, or it has just been ended by other means. The user has proved who they are
		// and gets a session; what was in one that was ended is gone with it.
		record.Data = st.carried(user)
		if !st.exists() && !st.ended.IsZero() {
			record.Data = st.carriedElsewhere(user, now)
		}
		was = store.ID{}
		err = st.put(record, t, store.ID{})
	}
	if err != nil {
		return err
	}
	st.tell = tell
	st.emit(event.Event{Kind: event.Created, Was: was})
	st.emit(event.Event{Kind: event.SignedIn, Was: was, Reason: in.method})
	_ = st.m.trim(st.context(), &record) // a store that fails now is reported, and the next sign-in trims
	return nil
}

// StepUp notes that the signed-in user has just proved again who they are, and gives the session a new ticket and a
// new handle, as every change of privilege does (ASVS 7.2.4). All values stay, and so do the absolute end of the
// session and whether it is remembered.
//
// If the session has ended meanwhile the error is ErrEnded: what was revoked does not come back. [ErrTooLate] means
// that the response has begun.
func (s *Session) StepUp(options ...SignInOption) error {
	if s.m == nil {
		return ErrNoManager
	}
	st := s.use()
	defer s.mu.Unlock()
	switch {
	case s.remote:
		return errRemote
	case s.begun():
		return ErrTooLate
	case st.record.User == "":
		return fmt.Errorf("%w: step-up needs a signed-in user", ErrEnded)
	}
	in, now := newSignIn(options), s.m.store.Now()
	until, err := s.m.deadline(in.until, now)
	if err != nil {
		return err
	}
	t := newTicket(store.NewID(), st.m.opts.Realm)
	var tell func(http.Header)
	was := st.record.ID
	err = st.replace(t, func() store.Record {
		next := st.m.newRecord(st.request, t, st.record.User, now, st.record.Remember)
		next.Data, next.Device = st.view, st.record.Device
		next.CreatedAt = st.record.CreatedAt
		next.ExpiresAt = earlier(st.record.ExpiresAt, earlier(until, st.until))
		next.Auth = append(slices.Clone(st.record.Auth), store.Auth{Method: in.method, At: now, Level: in.level})
		next.Guard, tell = st.beginGuard(st.record.User, st.record.Guard, now)
		return next
	})
	if err != nil {
		return err
	}
	st.tell = tell
	st.emit(event.Event{Kind: event.SteppedUp, Was: was, Reason: in.method})
	return nil
}

// replace puts another record in the place of the session's. What the other is made of is looked at again first, and
// as often as other requests change it meanwhile, so that nothing of theirs is lost: checking a password takes long
// enough for that. If the session has ended, the error is ErrEnded.
func (st *state) replace(t ticket, build func() store.Record) error {
	for range maxReplaceTries {
		gone, err := st.refresh(st.context())
		if err != nil {
			return err
		}
		if gone {
			return ErrEnded
		}
		record := build()
		if err := st.fits(record.Data); err != nil { // what is left behind takes no room
			return err
		}
		record.Version = st.record.Version
		err = st.put(record, t, st.record.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			st.forget(endedMeanwhile)
			return ErrEnded
		case !errors.Is(err, store.ErrConflict):
			return err
		}
	}
	return fmt.Errorf("session: replace: %w", store.ErrConflict)
}

// maxReplaceTries bounds how often a sign-in looks again; each time another request has saved something.
const maxReplaceTries = 100

// carried returns the data that goes along when user signs in.
func (st *state) carried(user string) store.Data {
	switch st.record.User {
	case user:
		return st.view
	case "":
		return st.view.Carried()
	}
	return store.Data{}
}

// carriedElsewhere returns the data of the session that another request has just made of the same visitor's, as when
// somebody clicks twice on "sign in". Both have what was carried over, and both are good: nobody knows whose cookie the
// browser takes last. It has to be a session of the very user who has now proved who they are.
func (st *state) carriedElsewhere(user string, now time.Time) store.Data {
	next, err := st.replacement(st.ended, user, now)
	if next == nil || err != nil {
		return store.Data{}
	}
	return next.Data
}

// replacement returns the live session of a user that stands in the place of one that has just ended, and nil if none
// is known.
func (st *state) replacement(ended store.ID, user string, now time.Time) (*store.Record, error) {
	id, ok := st.m.store.Successor(ended)
	if !ok {
		return nil, nil
	}
	next, err := st.m.store.Load(st.context(), id)
	if err != nil || next == nil || next.User != user || st.m.store.Over(next, now) ||
		st.m.store.Refuses(next.User, next.CreatedAt) {
		return nil, err
	}
	return next, nil
}
