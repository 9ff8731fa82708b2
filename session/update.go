package session

import (
	"context"
	"net/http"
	"time"

	"coatcheck.dev/store"
)

// Update changes the session of a handle, whoever's it is: a webhook tells that an order is paid, a job has finished
// what a visitor has asked for, a user is to be signed out tonight. fn gets the session as it is now, and changes its
// values with keys, or its end with [Session.Until], and notes with [Session.Use] that it is used. When Update returns
// nil the changes are durable, and other nodes have them as soon as any other change.
//
// Requests of the session's own browser go on meanwhile: the changes are put together with theirs key by key, as those
// of two requests are. To the session this alone is no use; its idle timeout goes on. A request that runs sees the
// changes no more than it sees another request's, so for the session of the request itself use [From].
//
// If the session has ended, or ends before the changes are saved, the error is [ErrEnded]. An error of fn is returned
// as it is, and nothing is saved. In fn nobody can be signed in or out, because no browser is there to be given a
// ticket or to lose it; see [Manager.Revoke].
func (m *Manager) Update(ctx context.Context, handle store.ID, fn func(*Session) error) error {
	if err := m.store.LoadCutoffs(ctx); err != nil {
		return err
	}
	record, err := m.store.Load(ctx, handle)
	if err != nil {
		return err
	}
	if record == nil || m.store.Over(record, m.store.Now()) || m.store.Refuses(record.User, record.CreatedAt) {
		return ErrEnded
	}
	s := &Session{m: m, request: new(http.Request).WithContext(ctx), passive: true, remote: true}
	s.phase.Store(phaseBegun)
	defer s.phase.Store(phaseOver)
	s.newState().adopt(record)
	if err := fn(s); err != nil {
		return err
	}
	st := s.lock()
	defer s.mu.Unlock()
	if err := st.conclude(); err != nil {
		return err
	}
	if !st.exists() {
		return ErrEnded
	}
	return nil
}

// Until ends the session at t at the latest, as [Until] does for a sign-in. It never lets one last longer: of several
// ends the earliest counts. The change is saved with those of values, and needs a session that is stored by then.
func (s *Session) Until(t time.Time) error {
	if s.m == nil {
		return ErrNoManager
	}
	st := s.use()
	defer s.mu.Unlock()
	if st.unknown {
		return ErrUnavailable
	}
	t, err := s.m.deadline(t, s.m.store.Now())
	if err != nil {
		return err
	}
	st.until = earlier(t, st.until)
	return nil
}

// deadline returns a time at which a session is to end, as records have it; zero is none.
func (m *Manager) deadline(t, now time.Time) (time.Time, error) {
	if t.IsZero() {
		return t, nil
	}
	if t = m.storeTime(t).UTC().Truncate(time.Microsecond); !t.After(now) {
		return t, errPast
	}
	return t, nil
}

// earlier returns the earlier one of two times, where zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
