package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// Keys returns the public keys of an issuer. A verifier calls it when it has none, when they are about a
// minute old, and when a token names a key that it does not know, but then at most every 10 seconds. Where keys are 50
// seconds old, or could not be had a moment ago, nobody waits for newer ones.
type Keys func() (jose.JSONWebKeySet, error)

const (
	keysAge   = time.Minute
	keysAhead = 50 * time.Second // after which newer ones are fetched, while these are in use
	keysRetry = 10 * time.Second
	keysMost  = 15 * time.Minute // for which keys are used that cannot be fetched again
	maxKeys   = 64
	maxSet    = 64 << 10
)

// Fetch returns the keys that stand at a URL of https, or of http on this machine. A nil client is one that waits for 5
// seconds.
func Fetch(from string, client *http.Client) Keys {
	if client == nil {
		client = &http.Client{Timeout: 5 * time.Second}
	}
	return func() (set jose.JSONWebKeySet, err error) {
		if !safe(from) {
			return set, fmt.Errorf("%q is no URL of https, nor of this machine: anybody could answer", from)
		}
		answer, err := client.Get(from)
		if err != nil {
			return set, err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return set, fmt.Errorf("%s answers %s", from, answer.Status)
		}
		body, err := io.ReadAll(io.LimitReader(answer.Body, maxSet+1))
		switch {
		case err != nil:
			return set, err
		case len(body) > maxSet:
			return set, fmt.Errorf("%s answers more than %d bytes", from, maxSet)
		}
		return parseKeys(body)
	}
}

// parseKeys reads a set of keys. Those of a kind or a curve that nobody here knows are left out, and so are broken ones
// (RFC 7517, section 5): an issuer may publish a new kind of key beside those that its tokens are signed with.
func parseKeys(text []byte) (set jose.JSONWebKeySet, err error) {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return set, err
	}
	for _, one := range raw.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(one, &key) == nil {
			set.Keys = append(set.Keys, key)
		}
	}
	return set, nil
}

// safe reports whether what a URL answers comes from whom it names.
func safe(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	here := u.Hostname() == "localhost" || err == nil && address.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && here
}

// A keySet is what was fetched at one time.
type keySet struct {
	at   time.Time
	byID map[string][]*publicKey // of one ID there may be several, although there should not (RFC 7517, section 4.5)

	mu      sync.RWMutex
	headers map[string][]*publicKey // by the text of headers that were found good, at most two for each key
}

// has reports whether the key is one of the set, which another one of its ID is not.
func (s *keySet) has(key *publicKey) bool { return slices.Contains(s.byID[key.id], key) }

// add puts a key into the set. One that was in the set before stays the same one, so that what it has signed is known.
func (s *keySet) add(key *publicKey, before *keySet) {
	if before != nil {
		if i := slices.IndexFunc(before.byID[key.id], key.equal); i >= 0 {
			key = before.byID[key.id][i]
		}
	}
	if !slices.ContainsFunc(s.byID[key.id], key.equal) {
		s.byID[key.id] = append(s.byID[key.id], key)
	}
}

// byHeader returns the keys of a header that was found good before: the same bytes say the same.
func (s *keySet) byHeader(header string) []*publicKey {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.headers[header]
}

// learn notes the header of a token with a good signature. Only the issuer makes those, with one header for each key,
// so that nobody else takes the room.
func (s *keySet) learn(header string, keys []*publicKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.headers) < 2*len(s.byID) {
		s.headers[header] = keys
	}
}

// currentKeys returns the keys, fetched anew if they are old.
func (v *Verifier) currentKeys(now time.Time) (*keySet, error) {
	young := func(set *keySet) bool { return now.Sub(set.at) < keysAhead }
	set := v.keys.Load()
	if set == nil {
		return v.fetchKeys(now, young)
	}
	switch age := now.Sub(set.at); {
	case age < keysAhead:
		return set, nil
	case age < keysAge, age < keysMost && v.failing.Load():
		if v.refreshing.CompareAndSwap(false, true) {
			go func() {
				defer v.refreshing.Store(false)
				_, _ = v.fetchKeys(now, young) // an error is told when these keys are too old to go on with
			}()
		}
		return set, nil
	}
	return v.fetchKeys(now, young)
}

// newKeys looks for keys that this verifier does not know.
func (v *Verifier) newKeys(now time.Time) (*keySet, error) {
	return v.fetchKeys(now, func(set *keySet) bool { return now.Sub(set.at) < keysRetry })
}

func (v *Verifier) fetchKeys(now time.Time, enough func(*keySet) bool) (*keySet, error) {
	v.fetch.Lock()
	defer v.fetch.Unlock()
	set := v.keys.Load()
	if set != nil && enough(set) {
		return set, nil
	}
	err := errRecently
	if now.Sub(v.tried) >= keysRetry || v.tried.IsZero() {
		var next *keySet
		if next, err = v.load(now); err == nil {
			v.keys.Store(next)
			v.failing.Store(false)
			return next, nil
		}
		v.failing.Store(true)
		v.tried = now
	}
	if set != nil && now.Sub(set.at) < keysMost {
		return set, nil
	}
	return nil, fmt.Errorf("token: fetch keys: %w", err)
}

var errRecently = errors.New("they could not be fetched a moment ago")

func (v *Verifier) load(now time.Time) (*keySet, error) {
	jwks, err := v.opts.Keys()
	switch {
	case err != nil:
		return nil, err
	case len(jwks.Keys) > maxKeys:
		return nil, fmt.Errorf("there are more than %d", maxKeys)
	}
	set := &keySet{at: now, byID: map[string][]*publicKey{}, headers: map[string][]*publicKey{}}
	before := v.keys.Load()
	for _, k := range jwks.Keys {
		if k.KeyID != "" && k.Use != "enc" && k.IsPublic() && fits(k, v.opts.Algorithm) {
			set.add(&publicKey{k.KeyID, k.Key}, before)
		}
	}
	return set, nil
}

// fits reports whether a key is one of the algorithm, by what it is and by what it says.
func fits(k jose.JSONWebKey, a Algorithm) bool {
	if k.Algorithm != "" && k.Algorithm != a.String() {
		return false
	}
	switch key := k.Key.(type) {
	case ed25519.PublicKey:
		return a == EdDSA
	case *ecdsa.PublicKey:
		return a == ES256 && key.Curve == elliptic.P256()
	}
	return false
}
