package session

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// Rotation gives a session a new secret from time to time, so that a copied cookie does not work for long and is
// noticed. It must never sign an honest browser out, although responses get lost and many requests run at once:
//
//  1. When it is due, the successor's hash is written beside the current one. The rotation is pending.
//  2. Every response to a request that still shows the old secret sets the cookie to the successor, always the same one:
//     it is derived from the old secret and a nonce in the record. The old one stays good for as long as it takes.
//  3. The first request that shows the successor proves that the browser has it. The rotation is confirmed: the successor
//     is the current secret, and the old one is good for Options.RotationGrace more, for requests that were on their way.
//  4. Whoever shows the old secret after that has a copy that the browser gave up: Options.Theft says what happens.

// standing is what a presented secret is to a record.
type standing uint8

const (
	wrong    standing = iota // never was a secret of this session, as far as the record knows
	current                  // good
	pending                  // the successor, shown for the first time
	previous                 // the one before the current
	past                     // an older one
)

// stand compares in constant time, so that the time of an answer tells nothing about a hash.
func stand(r *store.Record, hash *store.Hash) standing {
	if subtle.ConstantTimeCompare(hash[:], r.Secret[:]) == 1 {
		return current
	}
	if r.Rotation.At.IsZero() {
		return wrong
	}
	if subtle.ConstantTimeCompare(hash[:], r.Rotation.Other[:]) == 1 {
		if r.Rotation.Confirmed {
			return previous
		}
		return pending
	}
	found := 0
	for fingerprints := r.Rotation.Past; len(fingerprints) >= store.FingerprintLen; {
		var next string
		next, fingerprints = fingerprints[:store.FingerprintLen], fingerprints[store.FingerprintLen:]
		found |= subtle.ConstantTimeCompare([]byte(next), hash[:store.FingerprintLen])
	}
	if found == 1 {
		return past
	}
	return wrong
}

// maxPast is the number of older secrets that are recognised as stolen; those before them are merely wrong.
const maxPast = 32

// stolen reports whether the standing of a secret at the time now means that somebody has a copy.
func (o *Options) stolen(r *store.Record, st standing, now time.Time) bool {
	return st == past || st == previous && now.After(r.Rotation.At.Add(o.RotationGrace))
}

// due reports whether a session should get a new secret. Only those of signed-in users are worth stealing.
func (o *Options) due(r *store.Record, now time.Time) bool {
	if o.RotateEvery < 0 || r.User == "" || r.Rotation.Pending() {
		return false
	}
	return now.Sub(later(r.CreatedAt, r.Rotation.At)) >= o.RotateEvery
}

// rotate moves the rotation of the session on by what the request with this standing allows. A store that fails here
// does no harm: the next request does it.
func (s *Session) rotate(st standing, hash store.Hash, now time.Time) {
	shown := *s.ticket
	for range 3 { // a conflict means that another request did the same; seldom, that it did something else
		var next store.Record
		switch {
		case st == pending:
			next = confirmed(s.record, hash, now)
		case st == current && s.m.opts.due(s.record, now):
			next = begun(s.record, shown, now)
		default:
			s.offer(st)
			return
		}
		err := s.m.write(s.context(), func(ctx context.Context) error { return s.m.store.Save(ctx, next) })
		if errors.Is(err, store.ErrNotFound) {
			s.end("it was ended a moment ago")
			return
		}
		if err != nil && !errors.Is(err, store.ErrConflict) {
			s.m.storeErr("rotate", next.ID, err)
			s.offer(st)
			return
		}
		if err == nil {
			next.Version++
			s.adopt(&next)
			if st == pending {
				s.emit(event.Event{Kind: event.Rotated})
				return
			}
			continue // offers the successor
		}
		record, err := s.m.load(s.context(), next.ID)
		if err == nil && record == nil {
			s.end("it was ended a moment ago")
		}
		if err != nil || record == nil {
			return
		}
		s.adopt(record)
		st = stand(record, &hash)
	}
}

// offer has the response set the cookie to the successor, if the request shows the secret before it.
func (s *Session) offer(st standing) {
	if precedes(s.record, st) {
		s.cookie = cookieOffer
	}
}

// precedes reports whether the successor of a secret of this standing is known and good.
func precedes(r *store.Record, st standing) bool {
	return st == current && r.Rotation.Pending() || st == previous
}

// takeSuccessor makes the successor the session's ticket, and reports whether it is still to be offered. It looks at
// the record again when the response begins: while a handler takes its time, a sign-in in another tab can replace the
// session, or the session can go on to later secrets, and the offer would take the newer ticket away from the
// browser.
func (s *Session) takeSuccessor() bool {
	fresh, err := s.m.load(s.context(), s.record.ID)
	if err != nil || fresh == nil {
		return false // another response will take it along, if the session still is
	}
	hash := s.ticket.secret.hash()
	st := stand(fresh, &hash)
	if !precedes(fresh, st) || s.m.opts.stolen(fresh, st, time.Now()) {
		return false
	}
	successor := s.ticket.successor(fresh.Rotation.Nonce)
	s.ticket = &successor
	return true
}

// begun returns the record with a pending rotation.
func begun(r *store.Record, shown ticket, now time.Time) store.Record {
	next := *r
	if r.Rotation.Confirmed {
		fingerprints := r.Rotation.Past + string(r.Rotation.Other[:store.FingerprintLen])
		next.Rotation.Past = fingerprints[max(0, len(fingerprints)-maxPast*store.FingerprintLen):]
	}
	rand.Read(next.Rotation.Nonce[:])
	successor := shown.successor(next.Rotation.Nonce)
	next.Rotation.Other, next.Rotation.At, next.Rotation.Confirmed = successor.secret.hash(), now, false
	return next
}

// confirmed returns the record after the browser has shown the successor.
func confirmed(r *store.Record, successor store.Hash, now time.Time) store.Record {
	next := *r
	next.Secret, next.Rotation.Other = successor, r.Secret
	next.Rotation.At, next.Rotation.Confirmed = now, true
	return next
}

// TheftPolicy says what happens to a session when a secret is shown that its browser has given up.
type TheftPolicy uint8

const (
	TheftRevoke  TheftPolicy = iota // the session ends, for the thief and the user; the default
	TheftStepUp                     // it goes on, but RequireRecent and RequireLevel refuse until the user proves again who they are
	TheftLogOnly                    // the observers hear of it
)

// theft deals with a request that shows a secret of the past. Whatever the policy, the request itself has no session.
// An error means that the policy could not be carried out.
func (s *Session) theft(r *store.Record) error {
	policy := s.m.opts.Theft
	s.emit(event.Event{Kind: event.Theft, Handle: r.ID, User: r.User})
	switch policy {
	case TheftRevoke:
		existed, err := s.m.delete(s.context(), r.ID)
		if existed {
			s.emit(event.Event{Kind: event.Revoked, Handle: r.ID, User: r.User, Reason: "theft suspected"})
		}
		return err
	case TheftStepUp:
		return s.m.forgetAuth(s.context(), r)
	}
	return nil
}

// forgetAuth takes the proofs of who the user is from a session.
func (m *Manager) forgetAuth(ctx context.Context, r *store.Record) error {
	return m.write(ctx, func(ctx context.Context) error {
		for r != nil && len(r.Auth) > 0 {
			next := *r
			next.Auth = nil
			err := m.store.Save(ctx, next)
			switch {
			case err == nil || errors.Is(err, store.ErrNotFound):
				return nil
			case !errors.Is(err, store.ErrConflict):
				return m.storeErr("save", r.ID, err)
			}
			if r, err = m.load(ctx, r.ID); err != nil {
				return err
			}
		}
		return nil
	})
}
