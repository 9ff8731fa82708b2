package near

import (
	"context"
	"math"
	"time"

	"coatcheck.dev/store"
)

// An answer is the cache's knowledge of a record.
type answer uint8

const (
	unknown   answer = iota
	leaseOver        // there is an entry, but it may not be served any more
	known
)

// Peek implements [store.Peeker].
func (c *cache) Peek(id store.ID, now time.Time) (store.Encoded, bool) {
	e, is := c.look(id, now)
	if e == nil {
		return store.Encoded{}, is == known
	}
	return e.encoded(id), true
}

// look returns what is known of a record, and no entry if there certainly is none.
func (c *cache) look(id store.ID, now time.Time) (*entry, answer) {
	e, ok := c.entries.GetIfPresent(id)
	if !ok {
		return nil, c.lookNegative(id, c.at(now))
	}
	h, at := c.health.Load(), c.at(now)
	if e.tombstone || e.over(max((at.wall-int64(h.fast))/1000, c.swept.Load())) {
		return nil, unknown
	}
	if !h.believes(e.proof, c.lease, c.maxAge, at) {
		return nil, leaseOver
	}
	c.counters.hit(id, h)
	return e, known
}

func (c *cache) lookNegative(id store.ID, now dualTime) answer {
	e, ok := c.negative.GetIfPresent(id)
	if !ok {
		return unknown
	}
	h := c.health.Load()
	if !h.believes(e.proof, c.lease, math.MaxInt64, now) {
		return leaseOver
	}
	c.counters.hitNegative(id, h)
	return known
}

// Recall implements [store.Peeker]. It goes beyond the lease, but not beyond a generation of the feed.
func (c *cache) Recall(id store.ID, since time.Time) (store.Encoded, bool) {
	e, ok := c.kept(id)
	if !ok || e.tombstone || !c.health.Load().believes(e.proof, time.Since(since), 0, c.now()) {
		return store.Encoded{}, false
	}
	return e.encoded(id), true
}

// Invalidate implements [store.Peeker]. What is loaded then must not be older than the copy was, and an answer that is
// on its way is not kept.
func (c *cache) Invalidate(id store.ID, version uint64) {
	f := c.inFlight.of(id)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.overtake(id)
	if e, ok := c.kept(id); ok && e.version <= version {
		c.expect(id, e.version)
	}
}

// kept returns an entry without counting as a use of it.
func (c *cache) kept(id store.ID) (*entry, bool) {
	e, ok := c.entries.GetEntryQuietly(id)
	return e.Value, ok
}

// Load implements [store.Store].
func (c *cache) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	e, is := c.look(id, time.Now())
	switch {
	case e != nil:
		encoded := e.encoded(id)
		return encoded.Record()
	case is == known:
		return store.Record{}, store.ErrNotFound
	case is == leaseOver:
		c.counters.refused.Add(1)
	}
	return c.load(ctx, id)
}

// List implements [store.Store]. It asks the inner store, as do the methods below.
func (c *cache) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	return c.inner.List(ctx, q)
}

// Live implements [store.Store].
func (c *cache) Live(ctx context.Context, user string, after, now time.Time, limit int) ([]store.Summary, error) {
	return c.inner.Live(ctx, user, after, now, limit)
}

// Count implements [store.Store].
func (c *cache) Count(ctx context.Context, user string, after time.Time) (int, error) {
	return c.inner.Count(ctx, user, after)
}

// NotBefore implements [store.Store]. Sessions hold the cutoffs themselves.
func (c *cache) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	return c.inner.NotBefore(ctx)
}
