package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync/atomic"
)

// SealOverhead is the number of bytes that [Ring.Seal] adds to a message.
const SealOverhead = prefixLen + nonceLen + gcmTagLen

const (
	sealVersion = 1
	saltLen     = 16
	prefixLen   = 1 + len(KeyID{}) + saltLen
	nonceLen    = 12
	gcmTagLen   = 16
)

// Seal encrypts a message with the newest key: nobody without the ring can read it, or make another one. Its length
// stays visible. The purpose is that of [Ring.Sign]: what is sealed for one use is refused for every other. Add what
// else the message must not be moved between, such as the name of a record, to the purpose; it may have any length.
func (r *Ring) Seal(purpose string, message []byte) []byte {
	keys := r.all()
	if len(keys) == 0 {
		panic("seal: Seal on a Ring without keys: make it with Open or New")
	}
	k := keys[0]
	d := k.derived.sealer(k)
	sealed := make([]byte, 0, len(message)+SealOverhead)
	sealed = append(append(append(sealed, sealVersion), k.id[:]...), d.salt[:]...)
	return d.aead.Seal(sealed, nil, message, []byte(purpose))
}

// Open returns the message that Seal was given for the same purpose by a ring with one of these keys. It is not ok if
// the text is forged, cut off, or sealed by a retired key; the reason is not told. A ring from a file knows a key that
// another program has added. The caller bounds the length of the text.
func (r *Ring) Open(purpose string, sealed []byte) (message []byte, ok bool) {
	id, ok := SealedBy(sealed)
	if !ok {
		return nil, false
	}
	for keys := r.keys.Load(); keys != nil; keys = r.after(keys) {
		if message, ok := open(*keys, id, purpose, sealed); ok {
			return message, true
		}
	}
	return nil, false
}

func open(keys []*key, id KeyID, purpose string, sealed []byte) (message []byte, ok bool) {
	salt, rest := [saltLen]byte(sealed[prefixLen-saltLen:]), sealed[prefixLen:]
	for _, k := range keys {
		if k.id != id { // no secret: it stands in the text
			continue
		}
		d, known := k.derived.find(k, salt)
		message, err := d.aead.Open(nil, nil, rest, []byte(purpose))
		if err != nil {
			continue // two keys of one ID happen once in 4 billion rings
		}
		if !known {
			k.derived.keep(d)
		}
		return message, true
	}
	return nil, false
}

// A KeyID names a key. It says nothing of the key itself, and is safe in logs.
type KeyID [4]byte

// String returns the ID as 8 hexadecimal digits.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// ParseKeyID undoes [KeyID.String].
func ParseKeyID(text string) (id KeyID, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("seal: %.20q is no ID of a key, which has 8 hexadecimal digits", text)
	}
	return KeyID(b), nil
}

// SealedBy returns the ID of the key that a text says it was sealed by, and false if no text that Seal has made looks
// like that. Only [Ring.Open] tells whether it is true.
func SealedBy(sealed []byte) (id KeyID, ok bool) {
	if len(sealed) < SealOverhead || sealed[0] != sealVersion {
		return id, false
	}
	return KeyID(sealed[1:]), true
}

// A derivedKey is an AES-256 key for at most maxMessages messages, behind a random salt. Their nonces are random, too.
// So the limit on random nonces under one key (2^32 messages, NIST SP 800-38D, section 8.3) is never near, however long
// the ring's key is in use, and a copy of a running machine repeats nothing.
type derivedKey struct {
	salt [saltLen]byte
	aead cipher.AEAD
	used atomic.Uint32 // messages that it has sealed
}

const maxMessages = 1 << 16

// derivedKeys are what was derived from one key. To derive a key costs several times as much as to open a short text,
// so those that were of use lately are kept: where there is no room for two, the later one stays. Nobody without the
// key can put one there.
type derivedKeys struct {
	sealing atomic.Pointer[derivedKey]
	opening [256]atomic.Pointer[derivedKey] // by the first byte of the salt
}

// sealer returns the derived key that seals now.
func (ds *derivedKeys) sealer(k *key) *derivedKey {
	d := ds.sealing.Load()
	if d == nil || d.used.Add(1) > maxMessages {
		var salt [saltLen]byte
		rand.Read(salt[:])
		next := k.derive(salt)
		next.used.Add(1)
		ds.sealing.CompareAndSwap(d, next) // another one may be first: both are good
		ds.keep(next)
		return next
	}
	return d
}

// find returns the derived key of a salt, and whether it was kept.
func (ds *derivedKeys) find(k *key, salt [saltLen]byte) (d *derivedKey, kept bool) {
	if d := ds.opening[salt[0]].Load(); d != nil && d.salt == salt {
		return d, true
	}
	return k.derive(salt), false
}

func (ds *derivedKeys) keep(d *derivedKey) { ds.opening[d.salt[0]].Store(d) }

func (k *key) derive(salt [saltLen]byte) *derivedKey {
	secret, err := hkdf.Key(sha256.New, k.secret[:], salt[:], "coatcheck seal", 32)
	if err != nil {
		panic(err) // only a length that SHA-256 cannot fill
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		panic(err) // only a length that AES does not have
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // only a cipher that is not AES
	}
	return &derivedKey{salt: salt, aead: aead}
}

// Derive returns n bytes that follow from one key of the ring and a purpose, for algorithms of other packages, and
// false if there is no such key. They tell nothing of the key, nor of what follows for another purpose.
func (r *Ring) Derive(id KeyID, purpose string, n int) (secret []byte, ok bool) {
	for _, k := range r.all() {
		if k.id != id {
			continue
		}
		secret, err := hkdf.Key(sha256.New, k.secret[:], nil, "coatcheck derive "+purpose, n)
		return secret, err == nil
	}
	return nil, false
}
