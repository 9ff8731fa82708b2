package client

import (
	"math"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// notice learns from the store's feed what has changed, here or on another node. Changes that this client has made
// itself go the same way, because a store without a feed tells nothing.
func (c *Client) notice(n store.Notice) {
	switch n.Kind {
	case store.Replaced:
		c.ended.add(n.ID, n.By, time.Now())
		fallthrough
	case store.Deleted, store.Swept:
		c.last.drop(n.ID)
		c.clashes.ended(n.ID)
		c.watchers.end(n.ID)
	case store.Saved:
		c.watchers.lookAt(n.ID) // it may end earlier now
	case store.Cutoff:
		c.cutoffs.set(n.User, n.At)
		c.clashes.endedOf(n.User)
		c.watchers.endIf(c.Refuses)
	case store.UserDeleted:
		c.last.dropUser(n.User)
		c.clashes.endedOf(n.User)
		c.watchers.lookIf(func(w *watcher) bool { return w.user == n.User })
	case store.Lost:
		c.clock.hear(n)
		if c.health.isLost() {
			break
		}
		// Cut-offs stay known for as long as the last beat is believed. The last known copies stay for Recall.
		c.cutoffs.asOf(c.health.lost())
	case store.Beat:
		c.clock.hear(n)
		c.Steady()
		if c.health.beat(n.At) {
			// The feed was down. What was loaded meanwhile may be older than what it failed to tell.
			c.cutoffs.forget()
			c.last.dropAll()
			c.watchers.lookIf(func(*watcher) bool { return true })
		}
	}
}

// feedHealth tells how long the store's feed is believed: without end within one process, and across a network until
// some time after its last beat. The zero value is a store without a feed.
type feedHealth struct {
	until atomic.Int64 // nanoseconds since 1970; 0 while the feed is interrupted
	last  atomic.Int64 // the moment that the last beat vouches for, likewise; 0 if there was none

	recovered atomic.Uint64 // how often it has been whole again after it was interrupted
}

// beatBelieved is how long a feed counts as whole after the moment that a beat vouches for. It is as long as cut-offs
// are good without any feed, so that a feed that has died in silence delays nothing longer than none would.
const beatBelieved = cutoffsAge

func (h *feedHealth) always() { h.until.Store(math.MaxInt64) }

// isLost reports whether the feed is interrupted.
func (h *feedHealth) isLost() bool { return h.until.Load() == 0 }

// lost notes that the feed is interrupted. It returns the moment that the last beat vouches for, zero if there was
// none.
func (h *feedHealth) lost() (heard time.Time) {
	if h.until.Swap(0) == math.MaxInt64 {
		return heard
	}
	return h.heard()
}

// heard returns the moment that the last beat vouches for, zero if there was none.
func (h *feedHealth) heard() (at time.Time) {
	if last := h.last.Load(); last != 0 {
		at = time.Unix(0, last)
	}
	return at
}

// beat notes a beat, and reports whether the feed was lost before.
func (h *feedHealth) beat(at time.Time) (wasLost bool) {
	if wasLost = h.isLost(); wasLost {
		h.recovered.Add(1) // first: the beat vouches for nothing from before
	}
	h.last.Store(at.UnixNano())
	h.until.Store(at.Add(beatBelieved).UnixNano())
	return wasLost
}

// generation tells one time without an interruption from another.
func (h *feedHealth) generation() uint64 { return h.recovered.Load() }

// good reports whether the feed would have told of whatever happened until now, but for a moment.
// A moment before the last beat is one of a clock that was set back.
func (h *feedHealth) good(now time.Time) bool {
	until := h.until.Load()
	left := until - now.UnixNano()
	return 0 < left && (left <= int64(beatBelieved) || until == math.MaxInt64)
}

// canBreak reports whether the feed has to be watched.
func (h *feedHealth) canBreak() bool { return h.until.Load() != math.MaxInt64 }
