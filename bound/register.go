package bound

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	"coatcheck.dev/event"
)

var (
	errNoOffer       = errors.New("a registration that was not offered to this session")
	errOfferOver     = errors.New("the time to register is over")
	errChallenge     = errors.New("the challenge is another one")
	errAuthorization = errors.New("the authorization is another one")
)

// register takes the key that a browser has made for the session.
func (v *visit) register() {
	if !v.session.SignedIn() {
		v.refuse(event.ProofRefused, errNoOffer)
		return
	}
	p, err := proofOf(v.r)
	if err != nil {
		v.refuse(event.ProofRefused, err)
		return
	}
	key, err := p.newKey()
	if err == nil {
		err = p.verify(key, v.host(), v.r.URL.Path)
	}
	if err != nil {
		v.refuse(event.ProofRefused, err)
		return
	}
	handle := v.session.Handle()
	id, cookie, next := handle.String(), rand.Text(), rand.Text()
	err = v.tryChange(handle, func(s *state, now time.Time) error {
		if err := s.accepts(p, now); err != nil {
			return refusal{event.ProofRefused, err}
		}
		if s.phase == offered {
			s.phase = registered
		}
		s.at, s.Offer = now, nil
		s.addKey(boundKey{ID: id, Key: key, At: now, Challenges: []challenge{{next, now}}})
		s.addValue(cookie, now.Add(v.guard.opts.Lifetime))
		return nil
	})
	if !v.done(err) {
		return
	}
	kind, _ := kindOf(key)
	v.emit(event.Bound, kind.text)
	v.give(id, cookie, next)
}

// accepts reports why a registration is not the one that was offered.
func (s *state) accepts(p *proof, now time.Time) error {
	hash := sha256.Sum256([]byte(p.claims.Authorization))
	switch {
	case s.Offer == nil:
		return errNoOffer
	case now.Sub(s.Offer.At) >= offerTime:
		return errOfferOver
	case subtle.ConstantTimeCompare([]byte(p.claims.ID), []byte(s.Offer.Text)) != 1:
		return errChallenge
	case subtle.ConstantTimeCompare(hash[:], s.Offer.Authorization) != 1:
		return errAuthorization
	}
	return nil
}

// give answers with a bound cookie, what to do with it, and what to sign for the next one.
func (v *visit) give(id, value, challenge string) {
	header := v.w.Header()
	if err := v.guard.cookie.set(header, value, v.guard.opts.Lifetime); err != nil {
		v.unavailable() // Options.Check has tried it
		return
	}
	header.Set(challengeHeader, challengeOf(challenge, id))
	writeJSON(v.w, v.guard.instruct(id, v.host()))
}

// end tells the browser that the session is no more. The bound cookie may be of the one that it has now, which a
// sign-in or a step-up has put in the other one's place: then it stays.
func (v *visit) end() {
	id, ok := textOf(v.r.Header, idHeader, maxIDLen)
	if !ok {
		http.Error(v.w, "There is no session.", http.StatusUnauthorized)
		return
	}
	if !v.session.SignedIn() {
		v.guard.cookie.end(v.w.Header())
	}
	no := false
	writeJSON(v.w, &instructions{ID: id, Continue: &no})
}
