package session

import (
	"context"
	"strings"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// SignOut ends the session and takes its cookie away. When it returns nil, the end is durable: no request that is
// still running, no copy of the cookie and no restart brings the session back. Where nothing is stored for the
// visitor it does nothing. A request that Options.Guard keeps out of its session ends it all the same: whoever wants to
// be signed out is, and has the ticket.
func (s *Session) SignOut() error {
	if s.m == nil {
		return ErrNoManager
	}
	st := s.use()
	defer s.mu.Unlock()
	record := &st.record
	if !st.exists() && st.kept != nil {
		record = st.kept
	}
	switch {
	case s.remote:
		return errRemote
	case record.ID.IsZero() && st.unknown:
		return ErrUnavailable // there may be a session, and it would live on
	case record.ID.IsZero():
		return nil
	}
	existed, err := s.m.store.Delete(s.context(), record.ID)
	if err == nil && !existed {
		err = st.signOutElsewhere(record)
	}
	if err != nil {
		return err
	}
	s.m.store.Ended(record.ID)
	st.emit(event.Event{Kind: event.SignedOut, Handle: record.ID, User: record.User})
	if g := s.m.opts.Guard; g != nil && record.Guard != "" {
		st.tell = g.End
	}
	st.record, st.kept, st.view, st.changes, st.cookie = store.Record{}, nil, store.Data{}, nil, cookieDelete
	return nil
}

// signOutElsewhere ends the session that a step-up of another request has put in the place of this one meanwhile.
func (st *state) signOutElsewhere(record *store.Record) error {
	next, err := st.replacement(record.ID, record.User, st.m.store.Now())
	if err == nil && next != nil {
		_, err = st.m.store.Delete(st.context(), next.ID)
	}
	return err
}

// Done returns a channel that is closed when the session ends, by sign-out, revocation or expiry, or when the request
// does. A handler that goes on for long, such as a WebSocket or a stream of events, selects on it and stops. For a
// visitor for whom nothing is stored, only the request's end closes it.
//
// A store with a feed is heard at once. Without one, or while it is interrupted, the store is asked every 2.5 seconds.
// A session that nobody could confirm for 5 seconds counts as ended here. Its browser is still signed in, and comes
// back with the next request.
func (s *Session) Done() <-chan struct{} {
	if s.m == nil {
		return nil
	}
	st := s.lock()
	defer s.mu.Unlock()
	if !st.exists() {
		return s.context().Done()
	}
	if st.done == nil || st.done.of != st.record.ID { // a sign-in or step-up has begun another one
		record := st.record
		st.done = &awaitedEnd{record.ID, make(chan struct{})}
		go s.m.store.Watch(&record, s.context().Done(), st.done.over)
	}
	return st.done.over
}

// awaitedEnd is what closes when a session ends.
type awaitedEnd struct {
	of   store.ID
	over chan struct{}
}

// Revoke ends the session of a handle and reports whether there was one. When it returns no error, the end is durable
// and holds everywhere.
func (m *Manager) Revoke(ctx context.Context, handle store.ID) (bool, error) {
	existed, err := m.store.Delete(ctx, handle)
	if existed {
		m.emitRevoked(ctx, handle, "")
	}
	return existed, err
}

// RevokeUser ends all sessions of a user, except those of the handles in keep, and returns how many it ended.
func (m *Manager) RevokeUser(ctx context.Context, user string, keep ...store.ID) (int, error) {
	ended, err := m.store.DeleteUser(ctx, user, keep)
	for _, id := range ended {
		m.emitRevoked(ctx, id, user)
	}
	return len(ended), err
}

// RevokeBefore ends all sessions of everybody that began at t or before, in one step however many there are: for the
// day on which tickets may have leaked. A t of [time.Now] is by this machine's clock, any other by the one that records
// go by, which is the store's. A t in the future is taken for now. When it returns nil the cut-off is durable, and
// holds here at once; other nodes have it as soon as the store's feed tells them.
func (m *Manager) RevokeBefore(ctx context.Context, t time.Time) error {
	return m.setCutoff(ctx, "", m.storeTime(t))
}

// RevokeUserBefore ends all sessions of one user that began at t or before. See [Manager.RevokeBefore].
func (m *Manager) RevokeUserBefore(ctx context.Context, user string, t time.Time) error {
	if user == "" {
		return errUser
	}
	return m.setCutoff(ctx, user, m.storeTime(t))
}

// storeTime translates what time.Now has told, which its monotonic reading shows.
func (m *Manager) storeTime(t time.Time) time.Time {
	if t == t.Round(0) {
		return t
	}
	return m.store.Time(t)
}

func (m *Manager) setCutoff(ctx context.Context, user string, t time.Time) error {
	if now := m.store.Now(); t.After(now) {
		t = now
	}
	t = t.UTC().Truncate(time.Microsecond)
	if err := m.store.SetCutoff(ctx, user, t); err != nil {
		return err
	}
	m.tellRevoked(ctx, event.Event{User: user, Before: t})
	return nil
}

type actorKey struct{}

type actor struct{ name, reason string }

type actorAddressKey struct{}

// WithActor says who acts through ctx and why, for the events of what is done with it. Without it, revocations have
// no actor.
func WithActor(ctx context.Context, name, reason string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor{name, reason})
}

// WithActorAddress says from where whoever acts through ctx does so, for the events of revocations. Without it they
// have no address. See [event.ClientAddress].
func WithActorAddress(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, actorAddressKey{}, address)
}

func (m *Manager) emitRevoked(ctx context.Context, handle store.ID, user string) {
	m.tellRevoked(ctx, event.Event{Handle: handle, User: user})
}

// tellRevoked tells what was ended, and adds who has done it.
func (m *Manager) tellRevoked(ctx context.Context, e event.Event) {
	a, _ := ctx.Value(actorKey{}).(actor)
	if e.Handle.IsZero() && e.User == "" {
		a.reason = strings.TrimSuffix("everybody's sessions: "+a.reason, ": ")
	}
	e.Kind, e.Actor, e.Reason = event.Revoked, a.name, a.reason
	e.Address, _ = ctx.Value(actorAddressKey{}).(string)
	m.opts.Events.Send(e)
}
