package near

import (
	"context"
	"time"

	"coatcheck.dev/store"
)

// hearing is how the feed stands. It is replaced and never changed, so that a reader sees one state of it.
type hearing struct {
	up     bool      // new entries are kept; also without a feed
	always bool      // the feed is one within the process, which has told neither Lost nor Beat and is always whole
	era    uint64    // counts how often the feed was found again; what is from another era is not believed
	at     moment    // everything that was durable then has been told
	beat   time.Time // the same as told; zero before the first beat
}

// believes reports whether an entry that has not been dropped may be served.
func (h *hearing) believes(e *entry, lease time.Duration, now moment) bool {
	return e.era == h.era && (h.always || e.at.within(lease, now) || h.at.within(lease, now))
}

// believesAbsent is believes for an absence.
func (h *hearing) believesAbsent(a absence, lease time.Duration, now moment) bool {
	return a.era == h.era && (h.always || a.at.within(lease, now) || h.at.within(lease, now))
}

// keeps reports whether what was asked for in an era may be kept.
func (h *hearing) keeps(era uint64) bool { return h.up && h.era == era }

// told hears what the inner store's feed tells, and passes it on once nothing here contradicts it.
func (c *cache) told(n store.Notice) {
	switch n.Kind {
	case store.Lost, store.Beat:
		c.telling.Lock()
		defer c.telling.Unlock()
		if c.closed {
			return
		}
		if n.Kind == store.Lost {
			c.lose()
		} else {
			c.hear(n.At)
		}
	case store.Cutoff:
	default:
		c.changed(n)
	}
	c.feed.Publish(n)
}

// lose notes that the feed is broken. Leases run on from what it has told last. The caller holds c.telling, here and in hear.
func (c *cache) lose() {
	h := *c.hearing.Load()
	h.up, h.always = false, false
	c.hearing.Store(&h)
}

// hear notes a beat. If the feed was lost, a new era begins: what was kept or asked for before may have changed untold.
func (c *cache) hear(at time.Time) {
	now := time.Now()
	told := c.at(now).before(max(0, now.Sub(at)))
	h := *c.hearing.Load()
	if !h.up {
		h.era++
	}
	h.up, h.always = true, false
	if h.beat.IsZero() || told.mono > h.at.mono {
		h.at, h.beat = told, at
	}
	c.hearing.Store(&h)
}

// A fedCache is a cache whose inner store has a feed.
type fedCache struct{ *cache }

// Subscribe implements [store.Feed].
func (c fedCache) Subscribe(tell func(store.Notice)) (stop func()) { return c.feed.Subscribe(tell) }

// Close implements [Store].
func (c fedCache) Close() {
	c.unfeed()
	c.telling.Lock()
	defer c.telling.Unlock()
	c.closed = true
	c.lose()
	_ = c.feed.Close(context.Background()) // it waits for nothing: the inner store listens
}
