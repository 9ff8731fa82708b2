package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// A SignInOption says more about a sign-in.
type SignInOption func(*signIn)

type signIn struct {
	remember bool
	method   string
	level    int
}

func newSignIn(options []SignInOption) signIn {
	in := signIn{level: 1}
	for _, option := range options {
		option(&in)
	}
	return in
}

// Remember keeps the user signed in when the browser closes, within Options.RememberIdleTimeout and
// Options.RememberLifetime. Use it only when the user asked for it.
func Remember(s *signIn) { s.remember = true }

// By names how the user proved who they are, such as "password" or "passkey".
func By(method string) SignInOption { return func(s *signIn) { s.method = method } }

// MaxUserLen is the longest name of a user, in bytes.
const MaxUserLen = 255

var errUser = errors.New("session: a user's name has 1 to 255 bytes")

// SignIn makes the visitor's session that of a user. There is a new record with a new handle and a new ticket; the
// old ones are dead (ASVS 7.2.4), so that whoever knew the ticket before knows nothing now. Values of keys declared
// with [Carry] go along; if the same user was signed in already, all values do; if another user was, none.
//
// When it returns nil, the new session is durable. On any error nothing has changed, except that the old session may
// have ended by other means. [ErrTooLate] means that the response has begun.
func (s *Session) SignIn(user string, options ...SignInOption) error {
	if s.m == nil {
		return ErrNoManager
	}
	if user == "" || len(user) > MaxUserLen {
		return fmt.Errorf("%w, not %d", errUser, len(user))
	}
	in := newSignIn(options)
	s.lock()
	defer s.mu.Unlock()
	if s.response.begun {
		return ErrTooLate
	}
	return s.signIn(user, in, time.Now())
}

func (s *Session) signIn(user string, in signIn, now time.Time) error {
	t := newTicket(store.NewID())
	record := s.m.newRecord(s.request, t, now, in.remember)
	record.User = user
	record.CreatedAt = s.m.switches.beginning(user, now)
	record.Auth = []store.Auth{{Method: in.method, At: now, Level: in.level}}
	if err := s.m.makeRoom(s.context(), user, s.recordID()); err != nil {
		return err
	}
	err := ErrEnded
	if s.record != nil {
		err = s.replace(t, func() store.Record {
			record.Data = s.carried(user)
			return record
		})
	}
	if errors.Is(err, ErrEnded) {
		// There is no session to replace, or it has just been ended by other means. The user has proved who they are
		// and gets a session; what was in one that was ended is gone with it.
		record.Data = s.carried(user)
		if s.record == nil && !s.late.IsZero() {
			record.Data = s.carriedElsewhere(user, now)
		}
		err = s.put(record, t, store.ID{})
	}
	if err != nil {
		return err
	}
	s.emit(event.Event{Kind: event.Created})
	s.emit(event.Event{Kind: event.SignedIn, Reason: in.method})
	_ = s.m.trim(s.context(), user, record.ID) // a store that fails now is reported, and the next sign-in trims
	return nil
}

// carriedElsewhere returns the data of the session that another request has just made of the same visitor's, as when
// somebody clicks twice on "sign in": both have what was carried over, and both are good, for nobody knows whose cookie
// the browser takes last. It has to be a session of the very user who has now proved who they are.
func (s *Session) carriedElsewhere(user string, now time.Time) store.Data {
	next, err := s.replacement(s.late, user, now)
	if next == nil || err != nil {
		return store.Data{}
	}
	return next.Data
}

// replacement returns the live session of a user that stands in the place of one that has just ended, and nil if none is known.
func (s *Session) replacement(ended store.ID, user string, now time.Time) (*store.Record, error) {
	id, ok := s.m.ended.successor(ended, now)
	if !ok {
		return nil, nil
	}
	next, err := s.m.load(s.context(), id)
	if err != nil || next == nil || next.User != user || s.m.over(next, now) || s.m.switches.refuses(next) {
		return nil, err
	}
	return next, nil
}

// recordID returns the ID of the record, or the zero ID if there is none.
func (s *Session) recordID() store.ID {
	if s.record == nil {
		return store.ID{}
	}
	return s.record.ID
}

// replace puts another record in the place of the session's. What the other is made of is looked at again first, and
// as often as other requests change it meanwhile, so that nothing of theirs is lost: checking a password takes long
// enough for that. If the session has ended, the error is ErrEnded.
func (s *Session) replace(t ticket, build func() store.Record) error {
	for range maxReplaceTries {
		gone, err := s.refresh(s.context())
		if err != nil {
			return err
		}
		if gone {
			return ErrEnded
		}
		record := build()
		record.Version = s.record.Version
		err = s.put(record, t, s.record.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			s.end("it was ended while the request ran")
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
func (s *Session) carried(user string) store.Data {
	switch {
	case s.record != nil && s.record.User == user:
		return s.view
	case s.record == nil || s.record.User == "":
		return s.view.Carried()
	}
	return store.Data{}
}

// newRecord returns the record of a session that begins now.
func (m *Manager) newRecord(r *http.Request, t ticket, now time.Time, remember bool) store.Record {
	idle, lifetime := m.opts.lifetimes(remember)
	return store.Record{
		ID:          t.id,
		Secret:      t.secret.hash(),
		CreatedAt:   now,
		LastSeen:    now,
		ExpiresAt:   now.Add(lifetime),
		IdleTimeout: idle,
		Remember:    remember,
		Device:      store.Device{Address: event.ClientAddress(r, m.opts.TrustedProxies), UserAgent: clip(r.UserAgent(), maxUserAgent), Label: m.label(r)},
	}
}

// label returns the application's name for the browser, if it has one.
func (m *Manager) label(r *http.Request) string {
	if m.opts.DeviceLabel == nil {
		return ""
	}
	return clip(m.opts.DeviceLabel(r), maxUserAgent)
}

// maxUserAgent is the longest User-Agent that is kept, in bytes; browsers send about 110.
const maxUserAgent = 512

func clip(s string, n int) string { return s[:min(len(s), n)] }

// SignOut ends the session and takes its cookie away. When it returns nil, the end is durable: no request that is
// still running, no copy of the cookie and no restart brings the session back. Where nothing is stored for the
// visitor it does nothing.
func (s *Session) SignOut() error {
	if s.m == nil {
		return ErrNoManager
	}
	s.lock()
	defer s.mu.Unlock()
	switch {
	case s.record == nil && s.unknown:
		return ErrUnavailable // there may be a session, and it would live on
	case s.record == nil:
		return nil
	}
	existed, err := s.m.delete(s.context(), s.record.ID)
	if err == nil && !existed {
		err = s.signOutElsewhere()
	}
	if err != nil {
		return err
	}
	s.m.ended.bury(s.record.ID, store.ID{}, time.Now())
	s.emit(event.Event{Kind: event.SignedOut})
	s.record, s.view, s.changes, s.cookie = nil, store.Data{}, nil, cookieDelete
	return nil
}

// signOutElsewhere ends the session that a step-up of another request has put in the place of this one meanwhile.
func (s *Session) signOutElsewhere() error {
	next, err := s.replacement(s.record.ID, s.record.User, time.Now())
	if err == nil && next != nil {
		_, err = s.m.delete(s.context(), next.ID)
	}
	return err
}

// delete ends a session in the store, and reports whether there was one.
func (m *Manager) delete(ctx context.Context, id store.ID) (existed bool, err error) {
	err = m.write(ctx, func(ctx context.Context) error {
		existed, err = m.store.Delete(ctx, id)
		return err
	})
	if err == nil {
		m.notice(store.Notice{Kind: store.Deleted, ID: id}) // a store without a feed does not tell
	}
	return existed, m.storeErr("delete", id, err)
}
