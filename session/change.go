package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// A change is what a request does to one key. It is kept until it is saved, so that it can be applied again to a record
// that others have changed.
type change struct {
	key    string
	value  store.Value
	base   store.Value // what the key had when the change was made
	delete bool
	apply  func(old store.Value, ok bool) (store.Change, error) // instead of the two: depends on what is there
	merge  mergeFunc                                            // with what another request has saved; nil if the last one wins
}

// on returns what the change does to data.
func (c *change) on(data store.Data) (store.Change, error) {
	if c.apply == nil {
		return store.Change{Key: c.key, Value: c.value, Delete: c.delete}, nil
	}
	step, err := c.apply(data.Get(c.key))
	step.Key = c.key
	return step, err
}

// change notes a change, and applies it to what this request reads from now on.
func (s *Session) change(c change) error {
	if s.m == nil {
		return ErrNoManager
	}
	s.lock()
	defer s.mu.Unlock()
	if s.unknown {
		return ErrUnavailable
	}
	if s.record == nil && s.response.begun && !c.delete {
		s.emit(event.Event{Kind: event.Undelivered, Key: c.key, Reason: "a new session was begun after the response"})
		return ErrTooLate
	}
	base, there := s.view.Get(c.key)
	c.base = base
	step, err := c.on(s.view)
	if err != nil {
		return err
	}
	if step.Delete && !there && s.record == nil {
		return nil
	}
	view := s.view.With(step)
	if err := s.m.opts.Fits(view); err != nil {
		s.emit(event.Event{Kind: event.Limit, Key: c.key, Reason: "data too large"})
		return fmt.Errorf("session: set %s: %w", c.key, err)
	}
	s.view = view
	s.changes = append(s.changes, c)
	return nil
}

// unreadable resets a key whose stored value does not decode.
func (s *Session) unreadable(key string, found store.Value, err error) {
	s.lock()
	defer s.mu.Unlock()
	s.emit(event.Event{Kind: event.KeyUnreadable, Key: key, Err: fmt.Errorf("session: read %s: %w", key, err)})
	if now, ok := s.view.Get(key); !ok || now != found {
		return // another goroutine has reset or replaced it
	}
	s.view = s.view.With(store.Change{Key: key, Delete: true})
	// Only the value that was found unreadable is to go: another request may have written a good one.
	s.changes = append(s.changes, change{key: key, apply: func(old store.Value, ok bool) (store.Change, error) {
		return store.Change{Value: old, Delete: !ok || old == found}, nil
	}})
}

// commit notes that the session was used, and saves the request's changes if there are any. When it returns nil they
// are durable, or the session has ended meanwhile and they were dropped.
func (s *Session) commit() (outlook, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conclude()
}

// begin is commit as the response begins: nothing can be said in its headers any more.
func (s *Session) begin() (outlook, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.response.begun = true
	return s.conclude()
}

// hasBegun notes that the response has begun by itself.
func (s *Session) hasBegun() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.response.begun = true
}

func (s *Session) conclude() (outlook, error) {
	if s.state == nil {
		return outlook{}, nil
	}
	if s.usedAt != 0 {
		s.unseal()
		if s.record != nil {
			s.m.touches.note(s.m, s.record, time.UnixMicro(s.usedAt))
		}
		s.usedAt = 0
	}
	err := s.store()
	return s.outlook(), err
}

// store saves the request's changes, if there are any.
func (s *Session) store() error {
	switch {
	case s.opened == nil || len(s.changes) == 0:
		return nil
	case s.record == nil:
		return s.create()
	}
	return s.m.write(s.context(), s.save)
}

// commitLate saves what a handler has changed after the response had begun. The response can say nothing of a failure
// any more, so only the observers hear of it; commit has told them.
func (s *Session) commitLate() { _, _ = s.commit() }

// create stores a visitor's first values under a new ticket.
func (s *Session) create() error {
	if s.view.Len() == 0 {
		s.changes = nil
		return nil
	}
	if !s.late.IsZero() {
		s.dropChanges("the session ended before the request arrived")
		return nil
	}
	now := time.Now()
	if limit := s.m.opts.MaxVisitors; limit >= 0 && !s.m.visitors.admit(limit, now) {
		s.emit(event.Event{Kind: event.Limit, Reason: "too many new visitors"})
		return ErrTooManyVisitors
	}
	t := newTicket(store.NewID())
	record := s.m.newRecord(s.request, t, now, false)
	record.CreatedAt = s.m.switches.beginning("", now)
	record.Data = s.view
	if err := s.put(record, t, store.ID{}); err != nil {
		return err
	}
	s.emit(event.Event{Kind: event.Created})
	return nil
}

// put creates a record in place of another, or of none, and makes it the request's session.
func (s *Session) put(record store.Record, t ticket, replaces store.ID) error {
	err := s.m.write(s.context(), func(ctx context.Context) error { return s.m.store.Create(ctx, record, replaces) })
	switch {
	case !replaces.IsZero() && (errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict)):
		return err
	case err != nil:
		return s.m.storeErr("create", record.ID, err)
	}
	if !replaces.IsZero() {
		s.m.notice(store.Notice{Kind: store.Replaced, ID: replaces, By: record.ID})
	}
	record.Version = 1
	s.adopt(&record)
	s.ticket = &t
	s.changes, s.cookie, s.late = nil, cookieSet, store.ID{}
	return nil
}

// save puts the changes on the record as it is in the store now. Whoever meets a concurrent change applies its own
// again to the fresh record; from the second try on requests of this program queue up rather than race, so that each
// needs few.
func (s *Session) save(ctx context.Context) error {
	now := time.Now()
	if s.m.over(s.record, now) { // meanwhile, unless another request has used it
		if gone, err := s.refresh(ctx); gone || err != nil {
			return err
		}
	}
	for tries := 0; ; tries++ {
		next := *s.record
		next.Data = s.view
		if !s.passive {
			next.LastSeen = later(next.LastSeen, now)
		}
		err := s.m.store.Save(ctx, next)
		switch {
		case err == nil:
			next.Version++
			s.record, s.changes = &next, nil
			if tries > 0 {
				s.emit(event.Event{Kind: event.Conflict, Count: tries})
			}
			return nil
		case errors.Is(err, store.ErrNotFound):
			s.end("it was ended while the request ran")
			return nil
		case !errors.Is(err, store.ErrConflict):
			return s.m.storeErr("save", next.ID, err)
		}
		if tries == 0 {
			queue := &s.m.queues[next.ID[0]]
			queue.Lock()
			defer queue.Unlock()
		}
		if gone, err := s.refresh(ctx); gone || err != nil {
			return err
		}
	}
}

// refresh loads the record again and applies the changes to it.
func (s *Session) refresh(ctx context.Context) (gone bool, err error) {
	record, err := s.m.load(ctx, s.record.ID)
	if err != nil {
		return false, err
	}
	if record == nil || s.m.over(record, time.Now()) {
		s.end("it was ended while the request ran")
		return true, nil
	}
	data := record.Data
	for i := range s.changes {
		step, err := s.changes[i].merged(data)
		if err != nil {
			s.emit(event.Event{Kind: event.Conflict, Key: s.changes[i].key, Count: 1, Reason: "refused"})
			return false, fmt.Errorf("session: save %s: %w", s.changes[i].key, err)
		}
		data = data.With(step)
	}
	if err := s.m.opts.Fits(data); err != nil {
		return false, fmt.Errorf("session: save together with what other requests have stored: %w", err)
	}
	s.record, s.view = record, data
	return false, nil
}

// end forgets a session that is no longer in the store. What this request has changed goes with it: an ended session
// never comes back.
func (s *Session) end(reason string) {
	s.dropChanges(reason)
	s.record, s.view, s.cookie, s.late = nil, store.Data{}, cookieKeep, s.record.ID
}

func (s *Session) dropChanges(reason string) {
	if len(s.changes) > 0 {
		s.emit(event.Event{Kind: event.Dropped, Count: len(s.changes), Reason: reason})
	}
	s.changes = nil
}

// abandon drops what is not saved, after a panic of the handler, and reports whether a ticket waits to be sent.
func (s *Session) abandon() (look outlook, waits bool) {
	s.lock()
	defer s.mu.Unlock()
	s.response.begun = true
	s.dropChanges("the handler panicked")
	return s.outlook(), s.cookie == cookieSet
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Fits reports whether a session may hold data. Its error is [ErrTooLarge], with the limit. It is for options in force,
// which come from [Manager.Options].
func (o *Options) Fits(data store.Data) error {
	if n := data.Len(); n > o.MaxBytes {
		return fmt.Errorf("%w: %d bytes, and Options.MaxBytes is %d", ErrTooLarge, n, o.MaxBytes)
	}
	keys := 0
	for range data.All() {
		keys++
	}
	if keys > o.MaxKeys {
		return fmt.Errorf("%w: %d keys, and Options.MaxKeys is %d", ErrTooLarge, keys, o.MaxKeys)
	}
	return nil
}
