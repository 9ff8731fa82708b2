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
	young    map[store.ID]struct{} // ended since turned
	old      map[store.ID]struct{} // ended in the period before
	turnedAt time.Time
}

const (
	graveyardPeriod = 30 * time.Second
	graveyardLimit  = 1 << 16 // for each of the two; beyond it ends are forgotten early, which costs the nicety above and no safety
)

// bury notes that a session ended at the time now.
func (g *graveyard) bury(id store.ID, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn(now)
	if g.young == nil {
		g.young = make(map[store.ID]struct{})
	}
	if len(g.young) < graveyardLimit {
		g.young[id] = struct{}{}
	}
}

// holds reports whether a session has ended one to two periods ago or less.
func (g *graveyard) holds(id store.ID, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn(now)
	_, young := g.young[id]
	_, old := g.old[id]
	return young || old
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
