package client

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// A Browser tells one browser from others, as well as a request does that has no ticket.
type Browser store.ID

// BrowserOf returns the browser at an address with a User-Agent.
func BrowserOf(address, userAgent string) (b Browser) {
	sum := sha256.Sum256([]byte(address + "\x00" + userAgent))
	copy(b[:], sum[:])
	return b
}

// clashes notices a program on the same host that gives its cookie the same name: a browser that was given a ticket at
// sign-in comes with others that nobody here has made, twice in a row.
type clashes struct {
	mu        sync.Mutex
	given     generations[store.ID] // the session of each browser's last sign-in, by browser
	missing   map[store.ID]struct{} // sessions in whose place another ticket came once
	since     time.Time             // of the first of them
	suspected atomic.Int32          // how many they are: requests look at that alone
}

const (
	clashMost   = 1 << 12          // in each generation of given, and of missing
	clashPeriod = 10 * time.Minute // after which one strange ticket is forgotten
)

// Given notes that the user of a browser has just signed in, and was given a ticket of this session.
func (c *Client) Given(to Browser, id store.ID) {
	l := &c.clashes
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.given.young) >= clashMost {
		l.given.turn()
	}
	l.given.put(store.ID(to), id)
}

// CameBack notes that the ticket of a session was presented and is good.
func (c *Client) CameBack(id store.ID) {
	if c.clashes.suspected.Load() != 0 {
		c.clashes.clear(id)
	}
}

// Clashes notes that a browser presents a ticket that no record has, and reports whether it did so before, after its
// last sign-in and without the ticket of that between the two. It does so once for each sign-in.
func (c *Client) Clashes(from Browser, presented store.ID) bool {
	if c.RecentlyEnded(presented) {
		return false
	}
	l := &c.clashes
	l.mu.Lock()
	defer l.mu.Unlock()
	id, ok := l.given.get(store.ID(from))
	if !ok || id == presented {
		return false
	}
	l.expire(time.Now())
	if _, again := l.missing[id]; again {
		delete(l.missing, id)
		delete(l.given.young, store.ID(from))
		delete(l.given.old, store.ID(from))
		l.count()
		return true
	}
	if len(l.missing) < clashMost {
		l.miss(id)
	}
	return false
}

// The methods below need the lock, but for clear, which takes it.

func (l *clashes) miss(id store.ID) {
	if l.missing == nil {
		l.missing = make(map[store.ID]struct{})
	}
	if len(l.missing) == 0 {
		l.since = time.Now()
	}
	l.missing[id] = struct{}{}
	l.count()
}

func (l *clashes) clear(id store.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(time.Now())
	delete(l.missing, id)
	l.count()
}

// expire forgets what came too long ago, so that requests have nothing to look up any more.
func (l *clashes) expire(now time.Time) {
	if now.Sub(l.since) > clashPeriod {
		clear(l.missing)
	}
}

func (l *clashes) count() { l.suspected.Store(int32(len(l.missing))) }
