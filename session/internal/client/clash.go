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
// sign-in comes with others that nobody here has made, twice in a row. Browsers alike behind one address look like one,
// so that the word of it can be wrong there; once two users are signed in from it, there is none.
type clashes struct {
	mu        sync.Mutex
	given     generations[gift]     // what each browser's last sign-in began, by browser
	to        generations[Browser]  // the browser, by session
	missing   map[store.ID]struct{} // sessions in whose place another ticket came once
	since     time.Time             // of the first of them
	suspected atomic.Int32          // how many they are: requests look at that alone
}

// A gift is the session of a sign-in.
type gift struct {
	id     store.ID
	user   string
	shared bool // two users are signed in behind this address and User-Agent: nobody can tell their browsers apart
}

const (
	clashMost   = 1 << 12          // in each generation of given, and of missing
	clashPeriod = 10 * time.Minute // after which one strange ticket is forgotten
)

// Given notes that the user of a browser has just signed in, and was given a ticket of this session.
func (c *Client) Given(to Browser, id store.ID, user string) {
	l := &c.clashes
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.given.young) >= clashMost {
		l.given.turn()
		l.to.turn()
	}
	before, there := l.given.get(store.ID(to))
	l.given.put(store.ID(to), gift{id, user, there && (before.shared || before.user != user)})
	l.to.put(id, to)
}

// ended notes that a session has ended, here or on another node: it is no more the one that a browser is to come with.
func (l *clashes) ended(id store.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(id)
}

// endedOf notes that the sessions of a user have ended, or everybody's if there is none.
func (l *clashes) endedOf(user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, some := range []map[store.ID]gift{l.given.young, l.given.old} {
		for _, g := range some {
			if user == "" || g.user == user {
				l.forget(g.id)
			}
		}
	}
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
	g, ok := l.given.get(store.ID(from))
	if !ok || g.id == presented || g.shared {
		return false
	}
	id := g.id
	l.expire(time.Now())
	if _, again := l.missing[id]; again {
		l.forget(id)
		return true
	}
	if len(l.missing) < clashMost {
		l.miss(id)
	}
	return false
}

// The methods below need the lock, but for clear, which takes it.

func (l *clashes) forget(id store.ID) {
	if to, ok := l.to.get(id); ok {
		if g, _ := l.given.get(store.ID(to)); g.id == id {
			l.given.drop(store.ID(to))
		}
		l.to.drop(id)
	}
	delete(l.missing, id)
	l.count()
}

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
