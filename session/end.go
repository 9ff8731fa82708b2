package session

import (
	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// SignOut ends the session and takes its cookie away. When it returns nil, the end is durable: no request that is
// still running, no copy of the cookie and no restart brings the session back. Where nothing is stored for the
// visitor it does nothing.
func (s *Session) SignOut() error {
	if s.m == nil {
		return ErrNoManager
	}
	st := s.lock()
	defer s.mu.Unlock()
	switch {
	case s.remote:
		return errRemote
	case !st.exists() && st.unknown:
		return ErrUnavailable // there may be a session, and it would live on
	case !st.exists():
		return nil
	}
	existed, err := s.m.store.Delete(s.context(), st.record.ID)
	if err == nil && !existed {
		err = st.signOutElsewhere()
	}
	if err != nil {
		return err
	}
	s.m.store.Ended(st.record.ID)
	st.emit(event.Event{Kind: event.SignedOut})
	st.record, st.view, st.changes, st.cookie = store.Record{}, store.Data{}, nil, cookieDelete
	return nil
}

// signOutElsewhere ends the session that a step-up of another request has put in the place of this one meanwhile.
func (st *state) signOutElsewhere() error {
	next, err := st.replacement(st.record.ID, st.record.User, st.m.store.Now())
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
	if st.done == nil {
		record := st.record
		st.done = make(chan struct{})
		go s.m.store.Watch(&record, s.context().Done(), st.done)
	}
	return st.done
}
