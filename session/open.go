package session

import (
	"crypto/subtle"
	"fmt"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/session/internal/client"
	"coatcheck.dev/store"
)

// open finds the session that the request's ticket names. It returns an error only if the store could not tell. A
// record that is good as it is goes to found.
func (s *Session) open(p *presented, found *store.Encoded) error {
	switch {
	case p.n == 0:
		return s.moveIn()
	case p.n > 1:
		return s.choose(p.n)
	case !p.valid:
		s.emit(event.Event{Kind: event.Forged, Reason: "malformed"})
		return nil
	}
	local := time.Now()
	now := s.m.store.Time(local)
	known := s.m.store.Peek(found, p.ticket.id, local)
	hash := p.ticket.hash() // while the record is on its way from memory
	s.passive = s.m.opts.Passive != nil && s.m.opts.Passive(s.request)
	if known && s.isGood(found, &hash, &p.shown, now) {
		s.found = found
		s.m.store.CameBack(found.ID)
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
func (s *Session) isGood(e *store.Encoded, hash *store.Hash, shown *cookie.Found, now time.Time) bool {
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
	return !s.m.store.Refuses(head.User, time.UnixMicro(head.CreatedAt)) && s.passes(&head, *shown, now)
}

// enter lets the request into the session of the record at the time now, if the credential is good for it.
func (s *Session) enter(record *store.Record, c *credential, now time.Time) error {
	if record == nil {
		if s.m.store.RecentlyEnded(c.ticket.id) {
			s.newState().ended = c.ticket.id
		}
		s.emit(event.Event{Kind: event.Unknown, Handle: c.ticket.id})
		// Whoever calls for visitors, and says of none where they are, is not one browser.
		if !s.bearer && s.request.RemoteAddr != "" && s.m.store.Clashes(s.browser(), c.ticket.id) {
			s.warn(event.Event{Kind: event.Clash, Handle: c.ticket.id, Reason: s.m.clash()})
		}
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
	s.m.store.CameBack(record.ID)
	return nil
}

// clash says what is wrong if a browser keeps coming with tickets that nobody here has made, although it was given one.
func (m *Manager) clash() string {
	return fmt.Sprintf("another program on this host may set the cookie %s too, because ports do not tell cookies "+
		"apart: give one of them another name (Options.Cookie), or a host name of its own such as shop.localhost; if "+
		"there is none, two browsers alike share an address, and nothing is wrong", m.opts.Cookie)
}

// browser tells one browser from others, as well as a request does without a ticket.
func (s *Session) browser() client.Browser {
	return client.BrowserOf(event.ClientAddress(s.request, s.m.opts.TrustedProxies), s.request.UserAgent())
}

// maxCandidates bounds how many tickets of one request are looked up.
const maxCandidates = 4

// choose finds the session of a request with several cookies of the session's name. With a name that keeps other hosts
// and paths from setting one (RFC 6265bis, section 4.1.3) somebody has planted one of them all the same, and nothing
// tells which. With any other name one may be left from a parent domain, another path or an older deployment: the
// ticket of a live session counts if there is no other such session, and the browser is told to forget the others.
func (s *Session) choose(n int) error {
	o := &s.m.opts
	if s.bearer || cookie.PrefixOf(o.Cookie).HostOnly() {
		s.emit(event.Event{Kind: event.Duplicate, Count: n})
		return nil
	}
	s.scattered = true
	if n > maxCandidates {
		s.emit(event.Event{Kind: event.Duplicate, Count: n, Reason: "too many to look up"})
		return nil
	}
	s.passive = o.Passive != nil && o.Passive(s.request)
	now := s.m.store.Now()
	best, several, err := s.bestOf(now)
	switch {
	case err != nil:
		return s.guess(new(credential), err, now)
	case several:
		s.emit(event.Event{Kind: event.Duplicate, Count: n, Reason: "several are of live sessions"})
		return nil
	case best.fit == fitsNot:
		s.emit(event.Event{Kind: event.Duplicate, Count: n, Reason: "none is of a live session"})
		return nil
	}
	s.emit(event.Event{
		Kind: event.Duplicate, Handle: best.record.ID, User: best.record.User, Count: n,
		Reason: "one is of a live session",
	})
	if err := s.enter(best.record, &best.credential, now); err != nil {
		return err
	}
	if st := s.known.Load(); st != nil && st.exists() && !st.unknown && st.cookie == cookieKeep {
		st.ticket, st.cookie = &best.ticket, cookieOffer
	}
	return nil
}

// A candidate is one of several tickets.
type candidate struct {
	credential
	record *store.Record
	fit    fit
}

// fit says how good a candidate is.
type fit uint8

const (
	fitsNot  fit = iota
	fitsPast     // a secret that the browser gave up, of a session that lives
	fitsPrevious
	fitsCurrent
	fitsPending
)

// live reports whether such a ticket lets its request in.
func (f fit) live() bool { return f >= fitsPrevious }

// bestOf returns the candidate that fits best, and whether one of another session fits as well.
func (s *Session) bestOf(now time.Time) (best candidate, several bool, err error) {
	all, err := s.candidates(now)
	for _, c := range all {
		if c.fit > best.fit {
			best = c
		}
	}
	for _, c := range all {
		if c.ticket.id != best.ticket.id && c.fit != fitsNot && c.fit.live() == best.fit.live() {
			several = true
		}
	}
	return best, several, err
}

// candidates returns the request's tickets, with what the store has of each.
func (s *Session) candidates(now time.Time) (all []candidate, err error) {
	within := s.m.opts.onFailure(s.request).within
	for name, text := range cookie.All(s.request.Header["Cookie"]) {
		var c candidate
		if name != s.m.opts.Cookie || !c.ticket.parse(text) {
			continue
		}
		c.ticket.realm = s.m.opts.Realm
		c.credential = c.ticket.credential()
		if c.record, err = s.m.store.Find(s.context(), c.ticket.id, within); err != nil {
			return nil, err
		}
		if s.predates(c.record, &c.hash, now) {
			if c.record, err = s.m.store.Reload(s.context(), c.record); err != nil {
				return nil, err
			}
		}
		c.fit = s.m.fit(c.record, &c.hash, now)
		all = append(all, c)
	}
	return all, nil
}

// fit says how good a ticket with the secret of this hash is for the record.
func (m *Manager) fit(r *store.Record, hash *store.Hash, now time.Time) fit {
	if r == nil || m.store.Over(r, now) || m.store.Refuses(r.User, r.CreatedAt) {
		return fitsNot
	}
	switch is := matchOf(r, hash); {
	case is == matchNone:
		return fitsNot
	case is == matchPast || m.late(r, is, now):
		return fitsPast
	case is == matchPrevious:
		return fitsPrevious
	case is == matchPending:
		return fitsPending
	}
	return fitsCurrent
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
		if v := s.judge(&record, now); v != nil && v.Kind != "" {
			return err // an outage is no way around the guard
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
