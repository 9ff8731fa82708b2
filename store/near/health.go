package near

import (
	"context"
	"time"

	"coatcheck.dev/store"
)

// health says how far the inner store's feed can be trusted. It is replaced and never changed, so readers see one
// state.
type health struct {
	up         bool      // new entries are kept; true without a feed as well
	local      bool      // the feed is one within the process: it has told neither Lost nor Beat, and cannot break
	generation uint64    // counts how often the feed has recovered
	at         dualTime  // everything durable at this moment has been told
	beat       time.Time // the same moment as the feed told it; zero before the first Beat

	fast time.Duration // this machine's clock was then, against that of the store's server
}

// A proof says when a cached answer was known to be current, and in which generation of the feed.
type proof struct {
	at         dualTime
	generation uint64
}

// believes reports whether an answer may still be served. No notice has contradicted it: a feed vouches for it up to an
// age, as a record may be removed without a word.
func (h *health) believes(p proof, lease, maxAge time.Duration, now dualTime) bool {
	return p.generation == h.generation &&
		(p.at.within(lease, now) || (h.local || h.at.within(lease, now)) && p.at.within(maxAge, now))
}

// keeps reports whether an answer to a question of this generation may be kept.
func (h *health) keeps(generation uint64) bool { return h.up && h.generation == generation }

// told takes a notice of the inner store's feed, and passes it on once nothing here contradicts it.
func (c *cache) told(n store.Notice) {
	switch n.Kind {
	case store.Lost, store.Beat:
		c.telling.Lock()
		defer c.telling.Unlock()
		if c.closed {
			return
		}
		if n.Kind == store.Lost {
			c.lost()
		} else {
			c.beat(n)
		}
	case store.Cutoff:
	case store.UserDeleted:
		c.doubt(n.User, func() { c.feed.Publish(n) }) // who asks because of it must not be given what is near
		return
	default:
		c.changed(n)
	}
	c.feed.Publish(n)
}

// lost notes an interruption of the feed. Leases run on from its last beat. The caller holds c.telling, here and in
// beat.
func (c *cache) lost() {
	h := *c.health.Load()
	h.up, h.local = false, false
	c.health.Store(&h)
}

// beat notes a beat. If the feed was lost, a new generation begins: older answers may have changed untold.
func (c *cache) beat(n store.Notice) {
	at, now := n.At, time.Now()
	whole := c.at(now).before(max(0, now.Sub(at)))
	h := *c.health.Load()
	if !h.up {
		h.generation++
	}
	h.up, h.local = true, false
	if !n.Server.IsZero() {
		h.fast = at.Round(0).Sub(n.Server)
	}
	if h.beat.IsZero() || whole.mono > h.at.mono {
		h.at, h.beat = whole, at
	}
	c.health.Store(&h)
}

// A fedCache is a cache in front of a store with a feed.
type fedCache struct{ *cache }

// Subscribe implements [store.Feed].
func (c fedCache) Subscribe(tell func(store.Notice)) (stop func()) { return c.feed.Subscribe(tell) }

// Close implements [Store].
func (c fedCache) Close() {
	c.unfeed()
	c.telling.Lock()
	defer c.telling.Unlock()
	c.closed = true
	c.lost()
	_ = c.feed.Close(context.Background()) // does not wait: this store listens to nothing but the inner one's feed
}
