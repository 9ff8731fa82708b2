package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"coatcheck.dev/seal"
)

// An Algorithm is how tokens are signed. The zero value is [ES256].
type Algorithm uint8

const (
	ES256 Algorithm = iota // ECDSA on P-256 with SHA-256 (RFC 7518, section 3.4), which every library knows
	EdDSA                  // Ed25519 (RFC 8037), which is faster
)

// String returns the name by which JOSE knows the algorithm.
func (a Algorithm) String() string { return string(a.jose()) }

func (a Algorithm) jose() jose.SignatureAlgorithm {
	if a == EdDSA {
		return jose.EdDSA
	}
	return jose.ES256
}

const (
	// Overlap is how long a new key is published before it signs.
	Overlap = 10 * time.Minute

	// keysFor is how long what was fetched may be used: see Cache-Control of [Issuer.JWKS].
	keysFor = 5 * time.Minute
)

// A signingKey follows from a key of the ring.
type signingKey struct {
	created time.Time
	private jose.JSONWebKey
}

// signingKeys returns a key for each of these that the ring still has, the newest first.
func signingKeys(ring *seal.Ring, of []seal.KeyInfo, a Algorithm) ([]signingKey, error) {
	var keys []signingKey
	for _, k := range of {
		private, err := privateKey(ring, k.ID, a)
		switch {
		case errors.Is(err, errGone):
			continue
		case err != nil:
			return nil, fmt.Errorf("token: derive signing key: %w", err)
		}
		jwk := jose.JSONWebKey{Key: private, Algorithm: a.String(), Use: "sig"}
		sum, err := jwk.Thumbprint(crypto.SHA256) // RFC 7638
		if err != nil {
			return nil, fmt.Errorf("token: name signing key: %w", err)
		}
		jwk.KeyID = base64.RawURLEncoding.EncodeToString(sum[:12])
		keys = append(keys, signingKey{k.Created, jwk})
	}
	return keys, nil
}

func privateKey(ring *seal.Ring, id seal.KeyID, a Algorithm) (crypto.Signer, error) {
	if a == EdDSA {
		seed, ok := ring.Derive(id, "token EdDSA", ed25519.SeedSize)
		if !ok {
			return nil, errGone
		}
		return ed25519.NewKeyFromSeed(seed), nil
	}
	// One text in 4 billion is no number below the order of P-256: the next one then.
	for try := range 8 {
		secret, ok := ring.Derive(id, fmt.Sprintf("token ES256 %d", try), 32)
		if !ok {
			return nil, errGone
		}
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret); err == nil {
			return key, nil
		}
	}
	return nil, fmt.Errorf("no number below the order of P-256")
}

var errGone = errors.New("the key was retired just now")

// signer chooses the key that signs: the newest that was published long enough, or else the oldest.
func signer(keys []signingKey, now time.Time) *signingKey {
	for i := range keys {
		if !keys[i].created.After(now.Add(-Overlap)) {
			return &keys[i]
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return &keys[len(keys)-1]
}
