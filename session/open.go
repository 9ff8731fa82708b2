package session

import (
	"crypto/subtle"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// open finds the session that the request's ticket names. It returns an error only if the store could not tell. A
// record that is good as it is goes to found.
func (s *Session) open(p *presented, found *store.Encoded) error {
	switch {
	case p.n == 0:
		return s.moveIn()
	case p.n > 1:
		// One of them was planted by somebody who can write cookies for this host, and nothing tells which.
		s.emit(event.Event{Kind: event.Duplicate, Count: p.n})
		return nil
	case !p.valid:
		s.emit(event.Event{Kind: event.Forged, Reason: "malformed"})
		return nil
	}
	local := time.Now()
	now := s.m.store.Time(local)
	known := s.m.store.Peek(found, p.ticket.id, local)
	hash := p.ticket.secret.hash() // while the record is on its way from memory
	s.passive = s.m.opts.Passive != nil && s.m.opts.Passive(s.request)
	if known && s.isGood(found, &hash, now) {
		s.found = found
		return nil
	}
	c := credential{p.ticket, hash}
	if known {
		record := s.m.store.Decode(found)
		if !s.predates(record, &hash, now) && !s.unproven(record, &hash, now) {
			return s.enter(record, &c, now)
		}
		s.m.store.Invalidate(record)
	}
	within := s.m.opts.onFailure(s.request).within
	record, err := s.m.store.Find(s.context(), c.ticket.id, within)
	if err == nil && !known && s.predates(record, &hash, now) && s.m.store.Invalidate(record) {
		// It may have been the answer to a request before this one, kept a moment ago.
		record, err = s.m.store.Find(s.context(), c.ticket.id, within)
	}
	if err != nil {
		return s.guess(&c, err, now)
	}
	return s.enter(record, &c, now)
}

// isGood reports whether the ticket is that of the record and nothing is left to do but to let the request in. So it is
// for most requests, and the record stays as it is kept until somebody asks for more than its front.
func (s *Session) isGood(e *store.Encoded, hash *store.Hash, now time.Time) bool {
	o, us := &s.m.opts, now.UnixMicro()
	head, ok := e.Head()
	idle := time.Duration(head.IdleTimeout) * time.Microsecond
	switch {
	case !ok, subtle.ConstantTimeCompare(hash[:], head.Secret[:]) != 1, head.Over(us), head.Pending:
		return false
	case o.RotateEvery >= 0 && head.User != "" && us-head.RotatedAt >= o.RotateEvery.Microseconds():
		return false
	case !s.passive && us-head.LastSeen >= o.touchEvery(idle).Microseconds():
		return false
	case !s.passive && head.RotatedAt != head.CreatedAt && o.provesKept(head.RotatedAt, head.LastSeen, us):
		return false
	}
	return !s.m.store.Refuses(head.User, time.UnixMicro(head.CreatedAt)) && s.passes(&head, now)
}

// enter lets the request into the session of the record at the time now, if the credential is good for it.
func (s *Session) enter(record *store.Record, c *credential, now time.Time) error {
	if record == nil {
		if s.m.store.RecentlyEnded(c.ticket.id) {
			s.newState().ended = c.ticket.id
		}
		s.emit(event.Event{Kind: event.Unknown, Handle: c.ticket.id})
		return nil
	}
	is := matchOf(record, &c.hash)
	switch {
	case is == matchNone:
		s.emit(event.Event{Kind: event.Forged, Handle: record.ID, Reason: "wrong secret"})
		return nil
	case s.m.store.Over(record, now):
		s.m.store.SweepExpired()
		s.emit(event.Event{Kind: event.UsedExpired, Handle: record.ID, User: record.User})
		return nil
	case s.m.store.Refuses(record.User, record.CreatedAt):
		s.emit(event.Event{Kind: event.UsedExpired, Handle: record.ID, User: record.User, Reason: "cut-off"})
		return nil
	case is == matchPast:
		return s.theft(record)
	case s.m.late(record, is, now):
		return s.takeBack(record, c, now)
	}
	v := s.judge(record, now)
	if v != nil && v.Kind != "" {
		return s.turnAway(record, v)
	}
	if v != nil { // a store that fails is reported, and the next request does it
		if changed, err := s.m.changeGuard(s.context(), record, v.Change); err == nil {
			record = changed
		}
	}
	st := s.newState()
	st.adopt(record)
	if s.m.needsRotation(record, is, now) {
		st.rotate(c, now)
	}
	if !s.passive {
		st.usedAt = now
	}
	return nil
}

// guess goes on without the store if the route allows it, and returns the store's error otherwise.
func (s *Session) guess(c *credential, err error, now time.Time) error {
	var last *store.Record
	switch policy := s.m.opts.onFailure(s.request); {
	case policy.stale > 0:
		record, ok := s.m.store.Recall(c.ticket.id, time.Now().Add(-policy.stale))
		if !ok || record.Over(now) || s.m.store.Refuses(record.User, record.CreatedAt) ||
			matchOf(&record, &c.hash) != matchCurrent {
			return err
		}
		last = &record
	case !policy.optional:
		return err
	}
	st := s.newState()
	if last != nil {
		st.adopt(last)
	}
	st.unknown = true
	return nil
}
