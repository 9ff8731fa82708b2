package bound

import (
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

var (
	errNoID    = errors.New("a refresh without the name of a session, or with several")
	errOtherID = errors.New("a refresh of another session")
	errStale   = errors.New("the challenge was used before, or its time is over")
)

// refresh gives a browser that has the session's key the next bound cookie. Where another site has made it send the
// request that waits for this one, Chromium sends no cookie at all, so that the session is found by its name.
func (v *visit) refresh() {
	id, ok := textOf(v.r.Header, idHeader, maxIDLen)
	if !ok {
		v.refuse(event.ProofRefused, errNoID)
		return
	}
	handle, ok := v.handleOf(id)
	if !ok {
		return
	}
	if len(v.r.Header[responseHeader]) == 0 {
		v.challenge(handle, id)
		return
	}
	p, err := proofOf(v.r)
	if err != nil {
		v.refuse(event.ProofRefused, err)
		return
	}
	if p.key != nil {
		v.refuse(v.suspicion(), errKeyInside)
		return
	}
	v.renew(handle, id, p)
}

// handleOf returns the handle of the session which a browser names, or false after it has answered.
func (v *visit) handleOf(id string) (store.ID, bool) {
	own, signedIn := v.session.Info()
	if s, err := decode(own.Guard); signedIn && err == nil && s.key(id) != nil {
		return own.Handle, true
	}
	handle, err := store.ParseID(id)
	if err != nil {
		v.refuse(event.ProofRefused, errOtherID)
		return handle, false
	}
	if !signedIn || handle == own.Handle {
		return handle, true
	}
	// Whoever signs in again leaves the binding of the session before behind. It is gone; if not, this is no browser.
	ok := v.change(handle, func(*state, time.Time) error { return refusal{event.ProofRefused, errOtherID} })
	return handle, ok
}

// renew makes the next bound cookie for a proof that is good.
func (v *visit) renew(handle store.ID, id string, p *proof) {
	var stale bool
	var next string
	value, fresh := rand.Text(), rand.Text()
	ok := v.change(handle, func(s *state, now time.Time) error {
		k, err := v.proven(s, id, p)
		if err != nil {
			return err
		}
		life := v.guard.challengeLife()
		if stale = !k.use(p.claims.ID, life, now); stale {
			next = k.next(fresh, life, now)
			return nil
		}
		next = k.next(fresh, 0, now)
		s.dropBefore(id)
		s.addValue(value, now.Add(v.guard.opts.Lifetime))
		return nil
	})
	switch {
	case !ok:
	case stale:
		v.emit(event.ProofRefused, errStale.Error())
		v.askFor(next, id)
	default:
		v.give(id, value, next)
	}
}

// proven returns the key that has signed the proof.
func (v *visit) proven(s *state, id string, p *proof) (*boundKey, error) {
	k := s.key(id)
	if k == nil {
		return nil, refusal{event.ProofRefused, errOtherID}
	}
	switch err := p.verify(k.Key, v.host(), v.r.URL.Path); {
	case errors.Is(err, errSignature):
		return nil, refusal{v.suspicion(), err}
	case err != nil:
		return nil, refusal{event.ProofRefused, err}
	}
	return k, nil
}

// suspicion is the kind of event for what only somebody without the key does. It takes the ticket to be a theft:
// handles are no secret, and whoever knows one could cry wolf.
func (v *visit) suspicion() event.Kind {
	if v.session.SignedIn() {
		return event.Theft
	}
	return event.ProofRefused
}

// challenge answers a browser that has nothing to sign.
func (v *visit) challenge(handle store.ID, id string) {
	var next string
	fresh := rand.Text()
	ok := v.change(handle, func(s *state, now time.Time) error {
		k := s.key(id)
		if k == nil {
			return refusal{event.ProofRefused, errOtherID}
		}
		next = k.next(fresh, v.guard.challengeLife(), now)
		return nil
	})
	if ok {
		v.askFor(next, id)
	}
}

// askFor has the browser sign the challenge and come again.
func (v *visit) askFor(challenge, id string) {
	v.w.Header().Set(challengeHeader, challengeOf(challenge, id))
	http.Error(v.w, "Please sign the challenge.", http.StatusForbidden)
}
