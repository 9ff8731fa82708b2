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
	maxLinks  = 16 // that are remembered, used and expired ones included
)

// links has the hashes of the one-time sign-in links.
type links struct {
	mu     sync.Mutex
	minted []link // the oldest first
}

type link struct {
	hash  [sha256.Size]byte
	until time.Time
	used  bool
}

// linkState says what a link is good for.
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
	rand.Read(secret[:]) // never fails: without randomness the program ends
	text := base64.RawURLEncoding.EncodeToString(secret[:])

	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.minted) == maxLinks {
		l.minted = append(l.minted[:0], l.minted[1:]...)
	}
	l.minted = append(l.minted, link{hash: sha256.Sum256([]byte(text)), until: now.Add(linkLife)})
	return text
}

// redeem uses up a good link.
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
