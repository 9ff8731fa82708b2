package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// change notes a change, and applies it to what this request reads from now on.
func (s *Session) change(c change) error {
	if s.m == nil {
		return ErrNoManager
	}
	if check := s.m.opts.CheckKey; check != nil && !c.delete {
		if err := check(c.key); err != nil {
			return fmt.Errorf("session: set %s: %w", c.key, err)
		}
	}
	st := s.use()
	defer s.mu.Unlock()
	if st.unknown {
		return ErrUnavailable
	}
	if !st.exists() && s.remote {
		return ErrEnded
	}
	if !st.exists() && s.begun() && !c.delete {
		st.emit(event.Event{
			Kind: event.Undelivered, Key: c.key, Reason: "a new session was begun after the response",
		})
		return ErrTooLate
	}
	base, there := st.view.Get(c.key)
	c.base = base
	step, err := c.on(st, st.view)
	if err != nil {
		return err
	}
	if step.Delete && !there && !st.exists() {
		return nil
	}
	view := st.view.With(step)
	if err := s.m.opts.Fits(view); err != nil {
		st.emit(event.Event{Kind: event.Limit, Key: c.key, Reason: "data too large"})
		return fmt.Errorf("session: set %s: %w", c.key, err)
	}
	st.view = view
	st.note(c)
	return nil
}

func (st *state) note(c change) {
	if st.changes == nil {
		st.changes = st.room[:0]
	}
	st.changes = append(st.changes, c)
}

// unreadable reports a stored value that does not decode, once.
func (st *state) unreadable(key string, err error) {
	if st.m.unreadable.first(sessionKey{st.record.ID, key}) {
		st.emit(event.Event{Kind: event.KeyUnreadable, Key: key, Err: fmt.Errorf("session: read %s: %w", key, err)})
	}
}

// sessionKey is a key of one session.
type sessionKey struct {
	id  store.ID
	key string
}

// Save saves the request's changes now instead of when the response begins, so that the handler can answer to an
// error: the changes are then dropped, and the session reads as it was before them. A handler that does not care need
// not call it.
func (s *Session) Save() error {
	if s.m == nil {
		return ErrNoManager
	}
	st := s.use()
	defer s.mu.Unlock()
	if !st.exists() && s.begun() {
		return nil // changes that need a new ticket were refused when they were made
	}
	err := st.commit()
	if err != nil {
		st.dropChanges("they could not be saved")
		st.view = st.record.Data
	}
	return err
}

// conclude notes that the session was used, and saves the request's changes if there are any. When it returns nil they
// are durable, or the session has ended meanwhile and they were dropped.
func (st *state) conclude() error {
	if !st.usedAt.IsZero() {
		if st.exists() && st.touchDue() {
			st.m.store.Touch(st.record.ID, st.usedAt)
		}
		st.usedAt = time.Time{}
	}
	return st.commit()
}

// touchDue reports whether this use of the session is to be noted.
func (st *state) touchDue() bool {
	o, r := &st.m.opts, &st.record
	return st.usedAt.Sub(r.LastSeen) >= o.touchEvery(r.IdleTimeout) ||
		o.provesKept(r.Rotation.At.UnixMicro(), r.LastSeen.UnixMicro(), st.usedAt.UnixMicro())
}

// commit saves the request's changes, if there are any.
func (st *state) commit() error {
	switch {
	case len(st.changes) == 0 && st.until.IsZero():
		return nil
	case !st.exists():
		return st.create()
	}
	return st.save(st.context())
}

// save puts the changes on the record as it is in the store now. Whoever meets a concurrent change applies its own
// again to the fresh record. From the second try on requests of this program queue up rather than race, so that each
// needs few. All tries together have the time of one call.
func (st *state) save(ctx context.Context) error {
	began := time.Now()
	now := st.m.store.Time(began)
	if st.m.store.Over(&st.record, now) { // meanwhile, unless another request has used it
		if gone, err := st.refresh(ctx); gone || err != nil {
			return err
		}
	}
	for tries := 0; ; tries++ {
		if err := st.fits(st.view); err != nil {
			return err
		}
		next := st.record
		next.Data, next.ExpiresAt = st.view, earlier(next.ExpiresAt, st.until)
		if seen := st.seenAt(now); !st.passive && seen.After(next.LastSeen) {
			next.LastSeen = seen
		}
		err := st.m.store.Save(ctx, &next, began)
		switch {
		case err == nil:
			next.Version++
			st.record, st.changes, st.until = next, nil, time.Time{}
			if tries > 0 {
				st.emit(event.Event{Kind: event.Conflict, Count: tries})
			}
			return nil
		case errors.Is(err, store.ErrNotFound):
			st.forget(endedMeanwhile)
			return nil
		case !errors.Is(err, store.ErrConflict):
			return err
		}
		if tries == 0 {
			queue := &st.m.queues[next.ID[0]]
			queue.Lock()
			defer queue.Unlock()
		}
		if gone, err := st.refresh(ctx); gone || err != nil {
			return err
		}
	}
}

// seenAt is when the session was last seen, if it is saved at the time now. A handler may go on when its browser has
// crashed, so that a save proves less than a request that arrives: see provesKept. It counts as long as it has to for
// the idle timeout.
func (st *state) seenAt(now time.Time) time.Time {
	r := &st.record
	settled := r.Rotation.At.Add(st.m.opts.settles())
	if r.LastSeen.After(settled) || st.usedAt.After(settled) || now.Before(settled) ||
		now.After(r.Rotation.At.Add(takesBack)) || now.Sub(settled) > r.IdleTimeout/2 {
		return now
	}
	return settled
}

const endedMeanwhile = "it was ended while the request ran"

// fits is [Options.Fits] for the request's changes together with what other requests have stored.
func (st *state) fits(data store.Data) error {
	if err := st.m.opts.Fits(data); err != nil {
		return fmt.Errorf("session: save together with what other requests have stored: %w", err)
	}
	return nil
}

// refresh loads the record again and applies the changes to it.
func (st *state) refresh(ctx context.Context) (gone bool, err error) {
	record, err := st.m.store.Load(ctx, st.record.ID)
	if err != nil {
		return false, err
	}
	if record == nil || st.m.store.Over(record, st.m.store.Now()) {
		st.forget(endedMeanwhile)
		return true, nil
	}
	data := record.Data
	for i := range st.changes {
		step, err := st.changes[i].merged(st, data)
		if err != nil {
			st.emit(event.Event{Kind: event.Conflict, Key: st.changes[i].key, Count: 1, Reason: "refused"})
			return false, fmt.Errorf("session: save %s: %w", st.changes[i].key, err)
		}
		data = data.With(step)
	}
	st.record, st.view = *record, data
	return false, nil
}
