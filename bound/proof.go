package bound

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// signatureAlgorithms are those that a browser may choose from, the preferred first.
var signatureAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256}

const (
	proofType   = "dbsc+jwt"
	maxProofLen = 4096 // one with an RSA key of 4096 bits has less than half of it
	minRSABits  = 2048
	maxRSABits  = 4096
)

// Errors of proofs. Their texts are the reasons of events.
var (
	errNoProof   = errors.New("no proof, or more than one")
	errMalformed = errors.New("the proof is malformed, or of another type or algorithm")
	errNoKey     = errors.New("the proof has no key that is good enough")
	errKeyInside = errors.New("a key in a refresh proof")
	errSignature = errors.New("the proof is signed with another key, or tampered with")
	errAudience  = errors.New("the proof is for another address")
)

// proof is a browser's signed answer to a challenge (DBSC, section "DBSC Proof JWT Syntax").
type proof struct {
	signed *jose.JSONWebSignature
	key    *jose.JSONWebKey // in the proof; nil if there is none
	claims struct {
		ID            string  `json:"jti"`
		Authorization string  `json:"authorization"`
		Audience      *string `json:"aud"`
	}
}

// proofOf reads the proof of a request, and verifies nothing.
func proofOf(r *http.Request) (*proof, error) {
	text, ok := textOf(r.Header, responseHeader, maxProofLen)
	if !ok {
		return nil, errNoProof
	}
	return parseProof(text)
}

func parseProof(text string) (*proof, error) {
	signed, err := jose.ParseSignedCompact(text, signatureAlgorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, errMalformed
	}
	header := signed.Signatures[0].Protected
	if header.ExtraHeaders[jose.HeaderType] != proofType {
		return nil, errMalformed
	}
	return &proof{signed: signed, key: header.JSONWebKey}, nil
}

// verify checks the signature, and reads what is signed, for the host and the path that the browser has asked for. The
// key is never one that the caller takes from the proof of a refresh.
func (p *proof) verify(key *jose.JSONWebKey, host, path string) error {
	payload, err := p.signed.Verify(key)
	if err != nil {
		return errSignature
	}
	if err := json.Unmarshal(payload, &p.claims); err != nil || p.claims.ID == "" {
		return errMalformed
	}
	if p.claims.Audience == nil {
		return nil
	}
	aud, err := url.Parse(*p.claims.Audience)
	if err != nil || !strings.EqualFold(aud.Host, host) || aud.Path != path {
		return errAudience
	}
	return nil
}

// newKey returns the key that a registration brings, if it is good enough. The algorithm goes by the key, so that no
// proof can choose another one.
func (p *proof) newKey() (*jose.JSONWebKey, error) {
	if p.key == nil || !p.key.IsPublic() || !p.key.Valid() {
		return nil, errNoKey
	}
	kind, ok := kindOf(p.key)
	if !ok || kind.algorithm != p.signed.Signatures[0].Protected.Algorithm {
		return nil, errNoKey
	}
	return &jose.JSONWebKey{Key: p.key.Key}, nil // nothing else of what the browser wrote
}

// keyKind is what a list shows of a key.
type keyKind struct {
	algorithm string
	text      string
}

func kindOf(key *jose.JSONWebKey) (keyKind, bool) {
	switch k := key.Key.(type) {
	case *ecdsa.PublicKey:
		return keyKind{string(jose.ES256), "EC P-256"}, k.Curve == elliptic.P256()
	case *rsa.PublicKey:
		bits := k.N.BitLen()
		return keyKind{string(jose.RS256), fmt.Sprint("RSA ", bits)}, bits >= minRSABits && bits <= maxRSABits
	}
	return keyKind{}, false
}
