package session

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// A Guard asks more of a request than its ticket. Package bound has one.
//
// What it has to remember of a session is a text of its own in the session's record, its state, apart from the
// application's values: whoever saves those leaves it alone, and it is changed by compare-and-set. It is "" until the
// guard has set it, and in the session of a visitor who has not signed in. Methods may be called from any number of
// goroutines.
type Guard interface {
	// Wrap returns the handler that is to stand before next, behind the manager's: for addresses of the guard's own.
	// [Manager.Handler] calls it.
	Wrap(m *Manager, next http.Handler) http.Handler

	// Cookie is the name of the guard's own cookie, "" if it has none. The manager looks it up with the ticket's.
	Cookie() string

	// Admit says whether a request with a good ticket may use the session; shown is what it has of the guard's cookie.
	// Nil lets it in, as nearly every time, so that it has to be quick. The state may be one of a moment ago: where
	// that does not do, Admit is called again with the one in the store.
	Admit(r *http.Request, shown cookie.Found, user, state string, now time.Time) *Verdict

	// Begin returns the state of the session that a sign-in or a step-up makes, from that of the session before it. A
	// sign-in has none before it. What it returns beside that, if not nil, adds to the headers of the response that
	// brings the new ticket.
	Begin(r *http.Request, user, state string, now time.Time) (string, func(http.Header))

	// End adds to the headers of the response that takes the cookie of a session with a state away.
	End(header http.Header)
}

// A Verdict is what a [Guard] says of a request that it does not let in as it is.
type Verdict struct {
	// Kind and Reason are those of the event. The request goes on as one of a visitor without a session, but no
	// session begins with it unless somebody signs in, and the cookie stays. All that it can do to the session is end
	// it, by SignOut. Without Kind the request is let in.
	Kind   event.Kind
	Reason string

	// Unavailable answers as if the store could not tell whether there is a session: see Options.OnFailure. The last
	// known state is never believed.
	Unavailable bool

	// Tell adds to the headers of the response to a request that is turned away and answered all the same.
	Tell func(http.Header)

	// Change is applied to the state of a session that the request is let into. It may be called several times, with
	// the state as it is in the store then.
	Change func(state string, now time.Time) (string, error)
}

// passes reports whether the guard lets the request into a session as it is.
func (s *Session) passes(head *store.Head, shown cookie.Found, now time.Time) bool {
	guard := s.m.opts.Guard
	return guard == nil || guard.Admit(s.request, shown, head.User, head.Guard, now) == nil
}

// judge is passes for a record, with the guard's reason.
func (s *Session) judge(record *store.Record, now time.Time) *Verdict {
	guard := s.m.opts.Guard
	if guard == nil {
		return nil
	}
	return guard.Admit(s.request, shownTo(guard, s.request), record.User, record.Guard, now)
}

// shownTo returns what a request has of the guard's cookie.
func shownTo(guard Guard, r *http.Request) (shown cookie.Found) {
	if name := guard.Cookie(); name != "" {
		shown.Value, shown.N = cookie.Lookup(r.Header["Cookie"], name)
	}
	return shown
}

// unproven reports whether the guard may have turned the request away because the copy of the record is an older one.
// Nobody can have the store asked in vain without a secret of the session.
func (s *Session) unproven(record *store.Record, hash *store.Hash, now time.Time) bool {
	return s.m.opts.Guard != nil && record != nil && matchOf(record, hash) != matchNone &&
		s.judge(record, now) != nil
}

// turnAway answers a request that the guard does not let in.
func (s *Session) turnAway(record *store.Record, v *Verdict) error {
	s.emit(event.Event{Kind: v.Kind, Handle: record.ID, User: record.User, Reason: v.Reason})
	if v.Unavailable && !s.m.opts.onFailure(s.request).optional {
		return ErrUnavailable
	}
	st := s.newState()
	st.ended, st.kept, st.unknown, st.tell = record.ID, record, v.Unavailable, v.Tell
	return nil
}

// beginGuard returns the guard's state of a session that begins, and what the guard adds to the response.
func (st *state) beginGuard(user, before string, now time.Time) (string, func(http.Header)) {
	if st.m.opts.Guard == nil || st.bearer {
		return before, nil
	}
	return st.m.opts.Guard.Begin(st.request, user, before, now)
}

// ChangeGuard changes what Options.Guard keeps of the session of a handle: change makes the new state of that which is
// in the store at the time now. If another request saves anything meanwhile, it is called again. When ChangeGuard
// returns nil the state is durable; an error is that of change, the store's, or [ErrEnded]. It is for guards.
func (m *Manager) ChangeGuard(
	ctx context.Context, handle store.ID, change func(state string, now time.Time) (string, error),
) error {
	_, err := m.changeGuard(ctx, &store.Record{ID: handle, Version: math.MaxUint64}, change) // no copy is newer
	return err
}

// Successor returns the handle of the session that stands where one has ended a moment ago, by sign-in or step-up, as
// far as this node knows. It is for guards.
func (m *Manager) Successor(handle store.ID) (next store.ID, ok bool) {
	return m.store.Successor(handle)
}

// changeGuard returns the record as it is then.
func (m *Manager) changeGuard(
	ctx context.Context, record *store.Record, change func(string, time.Time) (string, error),
) (*store.Record, error) {
	began := time.Now() // all tries together have the time of one call
	for range maxReplaceTries {
		record, err := m.store.Reload(ctx, record) // a copy may be of before another node's change
		if err != nil {
			return nil, err
		}
		now := m.store.Now()
		if record == nil || m.store.Over(record, now) || m.store.Refuses(record.User, record.CreatedAt) {
			return nil, ErrEnded
		}
		next := *record
		if next.Guard, err = change(record.Guard, now); err != nil || next.Guard == record.Guard {
			return record, err
		}
		err = m.store.Save(ctx, &next, began)
		switch {
		case err == nil:
			next.Version++
			return &next, nil
		case errors.Is(err, store.ErrNotFound):
			return nil, ErrEnded
		case !errors.Is(err, store.ErrConflict):
			return nil, err
		}
	}
	return nil, store.ErrConflict
}
