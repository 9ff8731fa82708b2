package session

import (
	"crypto/subtle"
	"time"

	"coatcheck.dev/store"
)

// openSealed finds the session in what the store has at hand, if that is all it takes: the ticket shows the current
// secret, and there is nothing to do but to let the request in. It is the way of most requests, so the record stays as
// it is kept until somebody asks for more than its front. Whatever is out of the ordinary, open deals with.
func (s *Session) openSealed(c *claim, now time.Time) bool {
	m := s.m
	if m.peeker == nil || m.opts.Passive != nil || m.switches.any() {
		return false
	}
	sealed, known := m.peeker.Peek(c.ticket.id, now)
	head, ok := sealed.Head()
	if !known || !ok {
		return false
	}
	us := now.UnixMicro()
	switch {
	case subtle.ConstantTimeCompare(c.hash[:], head.Secret[:]) != 1, head.Over(us), head.Pending:
		return false
	case m.opts.RotateEvery >= 0 && head.User != "" && us-head.RotatedAt >= m.opts.RotateEvery.Microseconds():
		return false
	}
	s.sealed, s.private = sealed, true
	if idle := time.Duration(head.IdleTimeout) * time.Microsecond; us-head.LastSeen >= m.opts.touchEvery(idle).Microseconds() {
		s.usedAt = us
	}
	return true
}

// lock locks the session for those who need its state or its record.
func (s *Session) lock() {
	s.mu.Lock()
	if s.state == nil {
		s.state = new(state)
	}
	s.unseal()
}

// data returns what the request reads. It leaves the rest of the record sealed.
func (s *Session) data() store.Data {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == nil {
		return store.Data{}
	}
	if s.opened == nil {
		if data, ok := s.sealed.Data(); ok || s.sealed.ID.IsZero() {
			return data
		}
		s.unseal() // and report it
	}
	return s.view
}

// unseal decodes the record that openSealed has let in, if that has not been done. The caller holds s.mu.
func (s *Session) unseal() {
	if s.opened != nil {
		return
	}
	s.opened = new(opened)
	if s.sealed.ID.IsZero() {
		return
	}
	sealed := s.sealed
	s.sealed = store.Encoded{}
	record, err := sealed.Record()
	if err != nil {
		s.m.storeErr("load", sealed.ID, err) // its front was good; the visitor goes on without a session
		return
	}
	s.adopt(&record)
}
