package session

import (
	"sync"
	"time"

	"coatcheck.dev/store"
)

// graveyard remembers for a short time which sessions were replaced at sign-in, or signed out. A request that left
// the browser before it learned of a sign-in or sign-out still carries the old ticket; without this it would look
// like a new visitor, and what it stores would begin a session whose cookie replaces the one that the browser has
// just been given.
type graveyard struct {
	mu       sync.Mutex
	young    map[store.ID]store.ID // ended since turned, with what took their place if that is known
	old      map[store.ID]store.ID // ended in the period before
	turnedAt time.Time
}

const (
	graveyardPeriod = 30 * time.Second
	graveyardLimit  = 1 << 16 // for each of the two; beyond it ends are forgotten early, which costs the nicety and no safety
	graveyardDepth  = 8       // how often a session is followed to the one that took its place
)

// bury notes that a session ended at the time now, and which one took its place, if any did and it is known.
func (g *graveyard) bury(id, successor store.ID, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn(now)
	if g.young == nil {
		g.young = make(map[store.ID]store.ID)
	}
	if known := g.young[id]; len(g.young) < graveyardLimit && known.IsZero() {
		g.young[id] = successor
	}
}

// late returns the ID if the session has ended one to two periods ago or less, and the zero ID otherwise.
func (g *graveyard) late(id store.ID, now time.Time) store.ID {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn(now)
	if _, ended := g.find(id); ended {
		return id
	}
	return store.ID{}
}

// successor returns the session that stands where one has ended, as far as that is known.
func (g *graveyard) successor(id store.ID, now time.Time) (next store.ID, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn(now)
	for range graveyardDepth {
		then, ended := g.find(id)
		if !ended || then.IsZero() {
			break
		}
		id, next, ok = then, then, true
	}
	return next, ok
}

func (g *graveyard) find(id store.ID) (successor store.ID, ended bool) {
	if successor, ended = g.young[id]; ended {
		return successor, true
	}
	successor, ended = g.old[id]
	return successor, ended
}

// turn makes the young ones old when their period is over, and forgets the old ones.
func (g *graveyard) turn(now time.Time) {
	switch passed := now.Sub(g.turnedAt); {
	case passed >= 2*graveyardPeriod:
		g.young, g.old, g.turnedAt = nil, nil, now
	case passed >= graveyardPeriod:
		g.young, g.old, g.turnedAt = nil, g.young, now
	}
}
