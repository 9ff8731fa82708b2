package session

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// Level says of a sign-in or step-up how sure the application is of who the user is, on a scale of its own: 1 for a
// password, 2 for a second factor, say. The default is 1.
func Level(level int) SignInOption { return func(s *signIn) { s.level = level } }

// ErrEnded says that the session has ended while the request ran, or that nobody is signed in.
var ErrEnded = errors.New("session: it has ended")

// StepUp notes that the signed-in user has just proved again who they are, and gives the session a new ticket and a
// new handle, as every change of privilege does (ASVS 7.2.4). All values stay, and so does the absolute end of the
// session.
//
// If the session has ended meanwhile the error is ErrEnded: what was revoked does not come back. [ErrTooLate] means
// that the response has begun.
func (s *Session) StepUp(options ...SignInOption) error {
	if s.m == nil {
		return ErrNoManager
	}
	in := newSignIn(options)
	s.lock()
	defer s.mu.Unlock()
	switch {
	case s.response.begun:
		return ErrTooLate
	case s.record == nil || s.record.User == "":
		return fmt.Errorf("%w: step-up needs a signed-in user", ErrEnded)
	}
	now := time.Now()
	t := newTicket(store.NewID())
	err := s.replace(t, func() store.Record {
		next := s.m.newRecord(s.request, t, now, s.record.Remember)
		next.User, next.Data, next.Device = s.record.User, s.view, s.record.Device
		next.CreatedAt, next.ExpiresAt = s.record.CreatedAt, s.record.ExpiresAt
		next.Auth = append(slices.Clone(s.record.Auth), store.Auth{Method: in.method, At: now, Level: in.level})
		return next
	})
	if err != nil {
		return err
	}
	s.emit(event.Event{Kind: event.SteppedUp, Reason: in.method})
	return nil
}

// Auth returns how the user proved who they are in this session, the newest last; at most 8 events are kept.
func (s *Session) Auth() []store.Auth {
	s.lock()
	defer s.mu.Unlock()
	if s.record == nil {
		return nil
	}
	return slices.Clone(s.record.Auth)
}

// RequireRecent lets only requests of users through who proved who they are within the last d, for what is worth
// asking again: a change of email address or password, a payment (ASVS 7.5.1). Others are asked to sign in, as by
// [Manager.Require].
func (m *Manager) RequireRecent(d time.Duration, next http.Handler) http.Handler {
	return m.requireAuth(next, func(a store.Auth) bool { return time.Since(a.At) < d })
}

// RequireLevel lets only requests of users through who proved who they are at this level or a higher one (ASVS 7.5.3).
func (m *Manager) RequireLevel(level int, next http.Handler) http.Handler {
	return m.requireAuth(next, func(a store.Auth) bool { return a.Level >= level })
}

func (m *Manager) requireAuth(next http.Handler, enough func(store.Auth) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.From(r.Context())
		if s.Unknown() {
			m.refuse(w, r, ErrUnavailable)
			return
		}
		if s.SignedIn() && slices.ContainsFunc(s.Auth(), enough) {
			next.ServeHTTP(w, r)
			return
		}
		m.askToSignIn(w, r)
	})
}
