package store

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
)

// An ID is a session's public handle: 128 random bits to name the session in stores, logs, lists and URLs of
// the console. It is no secret, and nobody can do anything with it at a web site: the ticket in the visitor's
// cookie holds a secret as well, and no store has it.
type ID [16]byte

// IDLen is the length of an ID's text.
const IDLen = 22

var errBadID = errors.New("store: an ID is 22 characters of base64url")

// idText is strict: of the four possible texts of one ID, it accepts the canonical one alone.
var idText = base64.RawURLEncoding.Strict()

// NewID returns a new random ID.
func NewID() ID {
	var id ID
	rand.Read(id[:]) // never fails: since Go 1.24 the program ends if the system has no randomness
	return id
}

// ParseID reads the text of String.
func ParseID(s string) (ID, error) {
	var id ID
	if err := id.UnmarshalText([]byte(s)); err != nil {
		return ID{}, err
	}
	return id, nil
}

// IsZero reports whether the ID is the zero ID. No record has it.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the ID as 22 characters of base64url.
func (id ID) String() string { return idText.EncodeToString(id[:]) }

// MarshalText returns the text of String.
func (id ID) MarshalText() ([]byte, error) { return idText.AppendEncode(nil, id[:]), nil }

// UnmarshalText reads the text of String.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) != IDLen {
		return fmt.Errorf("%w, not %d bytes", errBadID, len(text))
	}
	var buf ID
	// The decoder passes over line ends, so a text of the right length can still be too short.
	if n, err := idText.Decode(buf[:], text); err != nil || n != len(buf) {
		return errBadID
	}
	*id = buf
	return nil
}
