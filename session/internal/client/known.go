package client

import (
	"sync"
	"time"

	"coatcheck.dev/store"
)

// generations is a map that forgets: what was put in before the last two turns is gone.
type generations[V any] struct{ young, old map[store.ID]V }

func (g *generations[V]) get(id store.ID) (v V, ok bool) {
	if v, ok = g.young[id]; !ok {
		v, ok = g.old[id]
	}
	return v, ok
}

func (g *generations[V]) put(id store.ID, v V) {
	if g.young == nil {
		g.young = make(map[store.ID]V)
	}
	g.young[id] = v
}

func (g *generations[V]) drop(id store.ID) {
	delete(g.young, id)
	delete(g.old, id)
}

func (g *generations[V]) turn() { g.young, g.old = nil, g.young }

// lastKnown keeps records for Recall, each as it was when it was last loaded.
type lastKnown struct {
	mu      sync.Mutex
	records generations[copied]
}

// A copied record is as it was at a time.
type copied struct {
	record store.Record
	at     time.Time
}

// lastKnownMost bounds each of the two generations.
const lastKnownMost = 1 << 14

func (l *lastKnown) put(r store.Record, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.records.young) >= lastKnownMost {
		l.records.turn()
	}
	l.records.put(r.ID, copied{r, now})
}

// get returns a record that was loaded at or after since.
func (l *lastKnown) get(id store.ID, since time.Time) (store.Record, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.records.get(id)
	if !ok || k.at.Before(since) {
		return store.Record{}, false
	}
	return k.record, true
}

func (l *lastKnown) drop(id store.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records.drop(id)
}

// dropUser drops all records of a user.
func (l *lastKnown) dropUser(user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, records := range []map[store.ID]copied{l.records.young, l.records.old} {
		for id, k := range records {
			if k.record.User == user {
				delete(records, id)
			}
		}
	}
}

func (l *lastKnown) dropAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = generations[copied]{}
}

// Recall returns the last known copy of a record, if it was current at since or later.
func (c *Client) Recall(id store.ID, since time.Time) (store.Record, bool) {
	if c.peeker == nil {
		return c.last.get(id, since)
	}
	encoded, ok := c.peeker.Recall(id, since)
	if !ok {
		return store.Record{}, false
	}
	r, err := encoded.Record()
	if err == nil {
		err = c.unseal(&r)
	}
	return r, err == nil
}

// recentlyEnded remembers for a short time which sessions were replaced at sign-in, or signed out. A request that left
// the browser before it learned of that still carries the old ticket. It would look like a new visitor otherwise, and
// what it stores would begin a session whose cookie replaces the one that the browser has just been given.
type recentlyEnded struct {
	mu         sync.Mutex
	successors generations[store.ID] // what took the place of each, zero if that is not known
	turnedAt   time.Time
}

const (
	endedPeriod = 30 * time.Second
	endedMost   = 1 << 16 // in each generation; to forget ends beyond that costs the nicety and no safety
	endedDepth  = 8       // how often a session is followed to the one that took its place
)

// add notes that a session ended at the time now, and which one took its place, if any did and it is known.
func (e *recentlyEnded) add(id, successor store.ID, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.turn(now)
	if known := e.successors.young[id]; len(e.successors.young) < endedMost && known.IsZero() {
		e.successors.put(id, successor)
	}
}

// contains reports whether a session has ended within the last one to two periods.
func (e *recentlyEnded) contains(id store.ID, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.turn(now)
	_, ended := e.successors.get(id)
	return ended
}

// successor returns the session that stands where one has ended, as far as that is known.
func (e *recentlyEnded) successor(id store.ID, now time.Time) (next store.ID, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.turn(now)
	for range endedDepth {
		then, _ := e.successors.get(id)
		if then.IsZero() {
			break
		}
		id, next, ok = then, then, true
	}
	return next, ok
}

// turn forgets what ended in the period before the last.
func (e *recentlyEnded) turn(now time.Time) {
	switch passed := now.Sub(e.turnedAt); {
	case passed >= 2*endedPeriod:
		e.successors, e.turnedAt = generations[store.ID]{}, now
	case passed >= endedPeriod:
		e.successors.turn()
		e.turnedAt = now
	}
}

// Ended notes that a session has ended for good, with none in its place.
func (c *Client) Ended(id store.ID) { c.ended.add(id, store.ID{}, time.Now()) }

// RecentlyEnded reports whether a session has ended in the last half minute or so, as far as this node knows.
func (c *Client) RecentlyEnded(id store.ID) bool { return c.ended.contains(id, time.Now()) }

// Successor returns the session that stands where one has ended a moment ago, as far as that is known.
func (c *Client) Successor(id store.ID) (next store.ID, ok bool) {
	return c.ended.successor(id, time.Now())
}
