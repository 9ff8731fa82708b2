package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/maphash"
	"math/big"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"coatcheck.dev/store"
)

// MaxLen is the longest token that is looked at, in bytes.
const MaxLen = 4 << 10

// leeway is how far the clocks of an issuer and a verifier may be apart.
const leeway = 10 * time.Second

// VerifierOptions configure a [Verifier]. Issuer, Audience and Keys are required.
type VerifierOptions struct {
	Issuer    string    // the iss of every token
	Audience  string    // the aud of every token: the name of this service
	Algorithm Algorithm // of every token; keys of another are not used
	Keys      Keys      // where the keys come from: [Fetch], or [Issuer.Keys]

	// Feed tells of sessions that end, on any node, if this service has a store that is a feed. Their tokens are
	// refused from then on. While the feed is interrupted tokens are good until they expire; when it is whole again,
	// those from before are refused, because nobody knows what it failed to tell; so are those from before the second
	// in which the verifier was made. The default is that nobody tells.
	Feed store.Feed

	// Remember is how many accepted tokens are kept, so that each is verified once; the default is 4,096, rounded up to
	// a power of 2. Negative means none.
	Remember int
}

// Check reports what is wrong with the options, if anything; [NewVerifier] panics with the same error.
func (o VerifierOptions) Check() error {
	switch {
	case o.Issuer == "", o.Audience == "", o.Keys == nil:
		return errors.New("token: a verifier needs an Issuer, an Audience and Keys")
	case o.Algorithm > EdDSA:
		return errors.New("token: VerifierOptions.Algorithm is none of the constants")
	case o.Remember > 1<<24:
		return errors.New("token: VerifierOptions.Remember is more than 16 million")
	}
	return nil
}

// A Verifier accepts the tokens of one issuer for one audience. Its methods may be called from any number of
// goroutines. A token that it has accepted before costs no signature check: its whole text is compared, and the claims
// were checked. It is refused all the same when it is over, when its key is gone, or when its session has ended.
type Verifier struct {
	opts        VerifierOptions
	ended       endings
	unsubscribe func()
	seed        maphash.Seed
	accepted    []atomic.Pointer[accepted]

	keys       atomic.Pointer[keySet]
	refreshing atomic.Bool // while newer ones are fetched, and these are in use
	failing    atomic.Bool // the last fetch failed
	fetch      sync.Mutex  // held by the one who fetches
	tried      time.Time   // when a fetch failed or found nothing new; under fetch
}

// accepted is a token that was good. Its text is a secret while it lives.
type accepted struct {
	text   []byte
	key    *publicKey
	claims Claims
}

// NewVerifier returns a verifier. It panics if the options are incomplete. [Verifier.Close] ends its subscription.
func NewVerifier(opts VerifierOptions) *Verifier {
	if err := opts.Check(); err != nil {
		panic(err)
	}
	size := 1
	for size < opts.Remember {
		size *= 2
	}
	switch {
	case opts.Remember == 0:
		size = 4096
	case opts.Remember < 0:
		size = 0
	}
	v := &Verifier{opts: opts, seed: maphash.MakeSeed(), unsubscribe: func() {}}
	v.accepted = make([]atomic.Pointer[accepted], size)
	if opts.Feed != nil {
		v.unsubscribe = opts.Feed.Subscribe(func(n store.Notice) { v.ended.notice(n, time.Now()) })
		v.ended.refuseAll(time.Now().Unix() - 1) // a restart has heard of no end before it
	}
	return v
}

// Close stops listening to the feed.
func (v *Verifier) Close() { v.unsubscribe() }

// Format prints nothing of what a verifier holds, for every verb.
func (v *Verifier) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "verifier(%s)", v.opts.Audience) }

// Verify returns what a token says. It is not ok if the token is forged, over, for somebody else, signed by a key that
// is gone, or of a session that has ended; the reason is not told. An error means that the keys could not be had, so
// that nobody can tell.
func (v *Verifier) Verify(text string) (claims Claims, ok bool, err error) {
	return v.verify(text, time.Now())
}

func (v *Verifier) verify(text string, now time.Time) (claims Claims, ok bool, err error) {
	if len(text) > MaxLen {
		return Claims{}, false, nil
	}
	keys, err := v.currentKeys(now)
	if err != nil {
		return Claims{}, false, err
	}
	known := v.place(text)
	if known != nil {
		if a := known.Load(); a != nil && a.is(text) && keys.has(a.key) {
			return v.admit(&a.claims, now)
		}
	}
	payload, key, err := v.open(text, keys, now)
	if err != nil || payload == nil {
		return Claims{}, false, err
	}
	a := &accepted{key: key}
	if json.Unmarshal(payload, &a.claims) != nil || !v.meant(&a.claims) || !begun(payload, now) {
		return Claims{}, false, nil
	}
	claims, ok, err = v.admit(&a.claims, now)
	if ok && known != nil {
		a.text = []byte(text)
		known.Store(a)
	}
	return claims, ok, err
}

// is compares in constant time, because whoever could guess a token piece by piece would not need the key.
func (a *accepted) is(text string) bool {
	return len(a.text) == len(text) && subtle.ConstantTimeCompare(a.text, []byte(text)) == 1
}

// place returns where an accepted token is kept, by a hash that nobody else can compute.
func (v *Verifier) place(text string) *atomic.Pointer[accepted] {
	if len(v.accepted) == 0 {
		return nil
	}
	return &v.accepted[maphash.String(v.seed, text)&uint64(len(v.accepted)-1)]
}

// meant reports whether the token is for this service, and says all that it has to.
func (v *Verifier) meant(c *Claims) bool {
	return c.Issuer == v.opts.Issuer && c.Audience == v.opts.Audience && c.User != "" && !c.Session.IsZero() &&
		c.IssuedAt > 0 && c.Expires > c.IssuedAt && c.Expires-c.IssuedAt <= int64(MaxLifetime/time.Second)
}

// begun reports whether a token has come into force (RFC 7519, section 4.1.5). Ours always has, and do not say so.
func begun(payload []byte, now time.Time) bool {
	var claims struct {
		NotBefore int64 `json:"nbf"`
	}
	return json.Unmarshal(payload, &claims) == nil && claims.NotBefore <= now.Add(leeway).Unix()
}

// admit checks what depends on the time.
func (v *Verifier) admit(c *Claims, now time.Time) (Claims, bool, error) {
	s := now.Unix()
	if s >= c.Expires || c.IssuedAt > s+int64(leeway/time.Second) || v.ended.refuses(c) {
		return Claims{}, false, nil
	}
	claims := *c
	claims.Methods = slices.Clone(c.Methods) // the caller's own, because c is that of the next request, too
	return claims, true, nil
}

// open returns the payload of a token with a good signature and its key, and nil if there is none.
func (v *Verifier) open(text string, keys *keySet, now time.Time) (payload []byte, key *publicKey, err error) {
	header, rest, _ := strings.Cut(text, ".")
	body, tail, ok := strings.Cut(rest, ".")
	if !ok || strings.Contains(tail, ".") {
		return nil, nil, nil
	}
	named := keys.byHeader(header)
	known := named != nil
	if !known {
		if keys, named, err = v.findKeys(text, keys, now); named == nil {
			return nil, nil, err
		}
	}
	signature, err := segment.DecodeString(tail)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, nil, nil
	}
	key = signerOf(named, text[:len(header)+1+len(body)], signature)
	if key == nil {
		return nil, nil, nil
	}
	if !known {
		keys.learn(header, named)
	}
	payload, err = segment.DecodeString(body)
	if err != nil {
		return nil, nil, nil
	}
	return payload, key, nil
}

// signerOf returns the one of the keys that has signed the message, or nil.
func signerOf(keys []*publicKey, message string, signature []byte) *publicKey {
	for _, k := range keys {
		if k.signed(message, signature) {
			return k
		}
	}
	return nil
}

// segment is strict, so that a token has one text.
var segment = base64.RawURLEncoding.Strict()

// findKeys reads a header that was not seen before, and returns the keys that it names, with the set that has them.
func (v *Verifier) findKeys(text string, keys *keySet, now time.Time) (*keySet, []*publicKey, error) {
	parsed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{v.opts.Algorithm.jose()})
	if err != nil || len(parsed.Signatures) != 1 {
		return nil, nil, nil
	}
	h := parsed.Signatures[0].Protected
	if typ, _ := h.ExtraHeaders[jose.HeaderType].(string); typ != Type || h.KeyID == "" || h.JSONWebKey != nil {
		return nil, nil, nil
	}
	if _, critical := h.ExtraHeaders["crit"]; critical {
		return nil, nil, nil
	}
	if keys.byID[h.KeyID] == nil {
		if keys, err = v.newKeys(now); err != nil {
			return nil, nil, err
		}
	}
	return keys, keys.byID[h.KeyID], nil
}

// A publicKey verifies signatures by its own algorithm, whatever a header says.
type publicKey struct {
	id  string
	key any // ed25519.PublicKey or *ecdsa.PublicKey
}

func (k *publicKey) equal(other *publicKey) bool {
	key, ok := k.key.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(other.key)
}

func (k *publicKey) signed(message string, signature []byte) bool {
	switch key := k.key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, []byte(message), signature)
	case *ecdsa.PublicKey:
		if len(signature) != 64 {
			return false
		}
		var r, s big.Int
		hash := sha256.Sum256([]byte(message))
		return ecdsa.Verify(key, hash[:], r.SetBytes(signature[:32]), s.SetBytes(signature[32:]))
	}
	return false
}
