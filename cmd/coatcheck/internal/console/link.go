package console

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"sync"
	"time"
)

const (
	linkLife  = 10 * time.Minute
	linkBytes = 24 // 192 random bits
	maxLinks  = 16 // how many are remembered, used and expired ones included
)

// links are the one-time sign-in links that were made. Only their hashes are kept.
type links struct {
	mu     sync.Mutex
	minted []link // the oldest first
}

type link struct {
	hash  [sha256.Size]byte
	until time.Time
	used  bool
}

// linkState is what becomes of a visitor with a link.
type linkState int

const (
	linkUnknown linkState = iota // forged, or made before the last restart, or long ago
	linkGood
	linkUsed
	linkExpired
)

// mint makes a link's secret. Beyond maxLinks the oldest one is forgotten.
func (l *links) mint(now time.Time) string {
	var secret [linkBytes]byte
	rand.Read(secret[:]) // never fails: since Go 1.24 the program ends if the system has no randomness
	text := base64.RawURLEncoding.EncodeToString(secret[:])

	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.minted) == maxLinks {
		l.minted = append(l.minted[:0], l.minted[1:]...)
	}
	l.minted = append(l.minted, link{hash: sha256.Sum256([]byte(text)), until: now.Add(linkLife)})
	return text
}

// redeem uses a link up, if it is good.
func (l *links) redeem(secret string, now time.Time) linkState {
	hash := sha256.Sum256([]byte(secret))
	l.mu.Lock()
	defer l.mu.Unlock()
	var found *link
	for i := range l.minted {
		if subtle.ConstantTimeCompare(hash[:], l.minted[i].hash[:]) == 1 {
			found = &l.minted[i]
		}
	}
	switch {
	case found == nil:
		return linkUnknown
	case found.used:
		return linkUsed
	case !now.Before(found.until):
		return linkExpired
	}
	found.used = true
	return linkGood
}
