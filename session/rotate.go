package session

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"strings"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// Rotation gives a session a new secret from time to time, so that a copied cookie does not work for long and is
// noticed. It must never sign an honest browser out, although responses get lost and many requests run at once:
//
//  1. When it is due, the successor's hash is written beside the current one. The rotation is pending.
//  2. Every response to a request that still presents the old secret sets the cookie to the successor. It is always the
//     same one, derived from the old secret and a nonce in the record. The old one stays good for as long as it takes.
//  3. The first request that presents the successor proves that the browser has it. The rotation is confirmed: the
//     successor is the current secret, and the old one is good for Options.RotationGrace more, for requests that were
//     on their way.
//  4. A browser that crashes comes back without its last cookies. So the old secret is taken back from the same device
//     for a while, if the successor was used only as long as it may not have been on disk. It gets a successor of its
//     own, and the lost one is a secret of the past.
//  5. Whoever else presents a secret of the past has a copy that the browser gave up: Options.Theft says what happens.

// match is what a presented secret is to a record.
type match uint8

const (
	matchNone     match = iota // never was a secret of this session, as far as the record knows
	matchCurrent               // good
	matchPending               // the successor, presented for the first time
	matchPrevious              // the one before the current
	matchPast                  // an older one
)

// matchOf compares in constant time, so that the time of an answer tells nothing about a hash.
func matchOf(r *store.Record, hash *store.Hash) match {
	if subtle.ConstantTimeCompare(hash[:], r.Secret[:]) == 1 {
		return matchCurrent
	}
	if r.Rotation.At.IsZero() {
		return matchNone
	}
	if subtle.ConstantTimeCompare(hash[:], r.Rotation.Other[:]) == 1 {
		if r.Rotation.Confirmed {
			return matchPrevious
		}
		return matchPending
	}
	found := 0
	for fingerprints := r.Rotation.Past; len(fingerprints) >= store.FingerprintLen; {
		var next string
		next, fingerprints = fingerprints[:store.FingerprintLen], fingerprints[store.FingerprintLen:]
		found |= subtle.ConstantTimeCompare([]byte(next), hash[:store.FingerprintLen])
	}
	if found == 1 {
		return matchPast
	}
	return matchNone
}

// maxPast is the number of older secrets that are recognised as stolen; those before them are merely wrong.
const maxPast = 32

// late reports whether a secret is the one before the current, and its grace is over.
func (m *Manager) late(r *store.Record, is match, now time.Time) bool {
	return is == matchPrevious && now.After(r.Rotation.At.Add(m.opts.RotationGrace)) && m.store.KnowsTime()
}

const (
	diskDelay = 30 * time.Second // until a cookie is on disk: findings/cookie-disk-delay-chromium.sh
	takesBack = 10 * time.Minute // after a confirmation: enough to start a device and its browser again
)

// settles is for how long after its confirmation the use of a secret does not prove that the browser keeps it.
func (o *Options) settles() time.Duration { return max(o.RotationGrace, diskDelay) }

// provesKept reports whether the use of a secret at the time now proves that the browser keeps it, and no use before
// did, as far as anybody may ask. All nodes are to know of that one. Times are microseconds.
func (o *Options) provesKept(confirmed, seen, now int64) bool {
	settled := confirmed + o.settles().Microseconds()
	return seen <= settled && settled < now && now < confirmed+takesBack.Microseconds()
}

// lostCookie reports whether the request's browser may have lost the current secret of a record in a crash.
func (s *Session) lostCookie(r *store.Record, now time.Time) bool {
	agent := unversioned(clip(s.request.UserAgent(), maxUserAgent))
	return now.Before(r.Rotation.At.Add(takesBack)) && agent != "" && agent == unversioned(r.Device.UserAgent) &&
		!s.m.store.LastSeen(r.ID, r.LastSeen).After(r.Rotation.At.Add(s.m.opts.settles()))
}

// unversioned is a User-Agent without its numbers, because a browser that starts again may be a newer one.
func unversioned(agent string) string {
	return strings.Map(func(c rune) rune {
		if c == '.' || '0' <= c && c <= '9' {
			return -1
		}
		return c
	}, agent)
}

// takeBack deals with a request that presents the secret before the current one too late: that secret is the current
// one again if the browser may have lost its successor, and otherwise it is stolen. The store decides, because what is
// near may not know of the successor's last use. Nobody is let in unless all nodes are to know of it.
func (s *Session) takeBack(record *store.Record, c *credential, now time.Time) error {
	began := time.Now()
	for range 3 { // a conflict means that another request of this browser did the same, or that the successor was used
		record, err := s.m.store.Reload(s.context(), record)
		if err != nil {
			return s.guess(c, err, now)
		}
		switch {
		case record == nil || !s.m.late(record, matchOf(record, &c.hash), now):
			return s.enter(record, c, now)
		case !s.lostCookie(record, now):
			return s.theft(record)
		}
		next := takenBack(record, c.ticket, now)
		switch err := s.m.store.Save(s.context(), &next, began); {
		case err == nil:
			next.Version++
			s.emit(event.Event{Kind: event.Recovered, Handle: next.ID, User: next.User})
			return s.enter(&next, c, now)
		case errors.Is(err, store.ErrNotFound):
			return s.enter(nil, c, now)
		case !errors.Is(err, store.ErrConflict):
			return s.guess(c, err, now)
		}
	}
	return s.guess(c, store.ErrConflict, now)
}

// rotationDue reports whether a session should get a new secret. Only those of signed-in users are worth stealing.
func (m *Manager) rotationDue(r *store.Record, now time.Time) bool {
	every := m.opts.RotateEvery
	return every >= 0 && r.User != "" && !r.Rotation.Pending() &&
		now.Sub(r.CreatedAt) >= every && now.Sub(r.Rotation.At) >= every
}

// predates reports whether a copy of a record may be from before a rotation that the secret is the outcome of: another
// node has made it, and word of it is on its way. Nobody can have the store asked in vain with a made-up secret unless
// the rotation is due, within the time that clocks differ by, or a secret can be taken back.
func (s *Session) predates(r *store.Record, hash *store.Hash, now time.Time) bool {
	return r != nil && matchOf(r, hash) == matchNone &&
		(s.m.rotationDue(r, now.Add(time.Minute)) || s.lostCookie(r, now))
}

// needsRotation reports whether a request with such a secret has to do with the rotation of its session.
func (m *Manager) needsRotation(r *store.Record, is match, now time.Time) bool {
	return is != matchCurrent || r.Rotation.Pending() || m.rotationDue(r, now)
}

// rotate moves the rotation of the session on by what the request with this credential allows. A store that fails here
// does no harm: the next request does it.
func (st *state) rotate(c *credential, now time.Time) {
	presented, began := c.ticket, time.Now()
	st.ticket = &presented
	for range 3 { // a conflict means that another request did the same; seldom, that it did something else
		var next store.Record
		is := matchOf(&st.record, &c.hash)
		switch {
		case is == matchPending:
			next = confirmed(&st.record, c.hash, now)
		case is == matchCurrent && st.m.rotationDue(&st.record, now) && st.m.store.Steady():
			next = rotating(&st.record, presented, now)
		default:
			st.offer(is)
			return
		}
		err := st.m.store.Save(st.context(), &next, began)
		switch {
		case err == nil:
			next.Version++
			st.adopt(&next)
			if is == matchPending {
				st.emit(event.Event{Kind: event.Rotated})
				return
			}
			continue // offers the successor
		case errors.Is(err, store.ErrNotFound):
			st.forget(endedBefore)
			return
		case !errors.Is(err, store.ErrConflict):
			return
		}
		record, err := st.m.store.Load(st.context(), next.ID)
		if err != nil {
			return
		}
		if record == nil {
			st.forget(endedBefore)
			return
		}
		st.adopt(record)
	}
}

const endedBefore = "it was ended a moment ago"

// offer has the response set the cookie to the successor, if the request presents the secret before it.
func (st *state) offer(is match) {
	if precedes(&st.record, is) {
		st.cookie = cookieOffer
	}
}

// precedes reports whether the successor of such a secret is known and good.
func precedes(r *store.Record, is match) bool {
	return is == matchCurrent && r.Rotation.Pending() || is == matchPrevious
}

// takeSuccessor makes the successor the session's ticket, and reports whether it is still to be offered. If the browser
// is to be left one cookie of several, the ticket that it presents may also be set again. takeSuccessor looks at
// the record again when the response begins. While a handler takes its time, a sign-in in another tab can replace the
// session, or the session can go on to later secrets: the offer would take the newer ticket away from the browser.
func (st *state) takeSuccessor() bool {
	fresh, err := st.m.store.Load(st.context(), st.record.ID)
	if err != nil || fresh == nil {
		return false // another response will take it along, if the session still is
	}
	hash := st.ticket.hash()
	is := matchOf(fresh, &hash)
	if st.scattered && is == matchCurrent && !fresh.Rotation.Pending() {
		return true
	}
	if !precedes(fresh, is) || st.m.late(fresh, is, st.m.store.Now()) {
		return false
	}
	successor := st.ticket.successor(fresh.Rotation.Nonce)
	st.ticket = &successor
	return true
}

// rotating returns the record with a pending rotation.
func rotating(r *store.Record, presented ticket, now time.Time) store.Record {
	next := *r
	if r.Rotation.Confirmed {
		next.Rotation.Past = withPast(&r.Rotation, &r.Rotation.Other)
	}
	rand.Read(next.Rotation.Nonce[:])
	successor := presented.successor(next.Rotation.Nonce)
	next.Rotation.Other, next.Rotation.At, next.Rotation.Confirmed = successor.hash(), now, false
	return next
}

// takenBack returns the record with the presented secret, that before the current one, as the current one again.
func takenBack(r *store.Record, presented ticket, now time.Time) store.Record {
	next := *r
	next.Rotation.Past = withPast(&r.Rotation, &r.Secret)
	next.Secret, next.Rotation.Confirmed = r.Rotation.Other, false
	return rotating(&next, presented, now)
}

// withPast returns the fingerprints of older secrets together with that of one more.
func withPast(r *store.Rotation, secret *store.Hash) string {
	fingerprints := r.Past + string(secret[:store.FingerprintLen])
	return fingerprints[max(0, len(fingerprints)-maxPast*store.FingerprintLen):]
}

// confirmed returns the record after the browser has presented the successor.
func confirmed(r *store.Record, successor store.Hash, now time.Time) store.Record {
	next := *r
	next.Secret, next.Rotation.Other = successor, r.Secret
	next.Rotation.At, next.Rotation.Confirmed = now, true
	return next
}

// theft deals with a request that presents a secret of the past. Whatever the policy, the request itself has no
// session. An error means that the policy could not be carried out.
func (s *Session) theft(r *store.Record) error {
	s.emit(event.Event{Kind: event.Theft, Handle: r.ID, User: r.User})
	switch s.m.opts.Theft {
	case TheftRevoke:
		existed, err := s.m.store.Delete(s.context(), r.ID)
		if existed {
			s.emit(event.Event{Kind: event.Revoked, Handle: r.ID, User: r.User, Reason: "theft suspected"})
		}
		return err
	case TheftStepUp:
		return s.forgetAuth(r)
	}
	return nil
}

// forgetAuth takes the proofs of who the user is from a session.
func (s *Session) forgetAuth(r *store.Record) error {
	began := time.Now() // all tries together have the time of one call
	for r != nil && len(r.Auth) > 0 {
		next := *r
		next.Auth = nil
		err := s.m.store.Save(s.context(), &next, began)
		switch {
		case err == nil || errors.Is(err, store.ErrNotFound):
			return nil
		case !errors.Is(err, store.ErrConflict):
			return err
		}
		if r, err = s.m.store.Load(s.context(), r.ID); err != nil {
			return err
		}
	}
	return nil
}
