package store

import (
	"crypto/sha256"
	"time"
)

// A Record is one session in a store. Times are kept to the microsecond, in UTC.
type Record struct {
	ID      ID
	Version uint64 // counts the saves; stores set it, and compare it in Save

	User     string   // the signed-in user; empty for a visitor
	Secret   Hash     // of the secret in the current ticket
	Rotation Rotation // where the session stands between two secrets

	CreatedAt   time.Time
	LastSeen    time.Time     // moved by Touch and Save, only ever forward
	ExpiresAt   time.Time     // the absolute end
	IdleTimeout time.Duration // the session ends when it was not seen for so long; 0 means never

	Remember bool   // the visitor asked to stay signed in, so the cookie outlives the browser
	Auth     []Auth // the user's proofs of identity, the newest last
	Device   Device // for the session list
	Data     Data   // the application's values
	Guard    string // what a guard of sessions keeps here, in a form of its own; "" is nothing
}

// Ends returns the end of the session: its absolute end or the end of its idle time, the earlier of the two.
func (r *Record) Ends() time.Time {
	if r.IdleTimeout <= 0 {
		return r.ExpiresAt
	}
	if idle := r.LastSeen.Add(r.IdleTimeout); idle.Before(r.ExpiresAt) {
		return idle
	}
	return r.ExpiresAt
}

// Over reports whether the session's time is over at the time now.
func (r *Record) Over(now time.Time) bool { return !now.Before(r.Ends()) }

// A Hash is the SHA-256 of a ticket's secret. The secret itself is in the visitor's browser alone.
type Hash [sha256.Size]byte

// A Nonce is a random value: the next secret is derived from the current one under it.
type Nonce [16]byte

// Rotation is the state between two secrets of one session. The zero value is a session without any rotation yet.
//
// While a rotation is pending, Record.Secret is the old secret's hash and Other the successor's. When the browser has
// presented the successor the rotation is confirmed: Record.Secret is the new secret's hash and Other the old one's.
type Rotation struct {
	Nonce     Nonce     // the successor is derived from the old secret under this value
	Other     Hash      // the pending secret, or the one before the current
	At        time.Time // when the rotation began, or, once confirmed, when it was confirmed
	Confirmed bool
	Past      string // fingerprints of older secrets, [FingerprintLen] bytes each, oldest first
}

// FingerprintLen is the length of a past secret's fingerprint: the leading bytes of its Hash.
const FingerprintLen = 8

// Pending reports whether a successor is waiting for its first use.
func (r *Rotation) Pending() bool { return !r.At.IsZero() && !r.Confirmed }

// Auth is one proof of a user's identity.
type Auth struct {
	Method string // such as "password"; the application's word
	At     time.Time
	Level  int // of assurance, as the application counts it
}

// A Device describes a session's browser, as of the request that began the session.
type Device struct {
	Address   string // the client's IP address
	UserAgent string // the User-Agent header
	Label     string // the application's or the user's name for it
}
