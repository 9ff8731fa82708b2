package near

import (
	"context"
	"errors"
	"fmt"
	"time"

	"coatcheck.dev/store"
)

// ErrLagging says that the inner store has answered several times with an older state of a record than it has told
// before, as one does that reads from replicas.
var ErrLagging = errors.New("near: the store answers with an older state than it has told before")

// Peek implements [store.Peeker].
func (c *cache) Peek(id store.ID, now time.Time) (store.Encoded, bool) {
	return c.peek(id, c.at(now))
}

func (c *cache) peek(id store.ID, now moment) (store.Encoded, bool) {
	e, ok := c.live.GetIfPresent(id)
	if !ok {
		return store.Encoded{}, c.knowsAbsent(id, now)
	}
	h := c.hearing.Load()
	if e.husk || e.over(max(now.micro(), c.swept.Load())) {
		return store.Encoded{}, false
	}
	if !h.believes(e, c.lease, now) {
		c.tally.refused.Add(1)
		return store.Encoded{}, false
	}
	c.tally.hit(id, h)
	return e.encoded(id), true
}

// Recall implements [store.Peeker]. It goes beyond the lease, and not beyond the era of the feed.
func (c *cache) Recall(id store.ID, since time.Time) (store.Encoded, bool) {
	known, ok := c.live.GetEntryQuietly(id)
	now, h := c.now(), c.hearing.Load()
	if !ok || known.Value.husk || !h.believes(known.Value, time.Since(since), now) {
		return store.Encoded{}, false
	}
	return known.Value.encoded(id), true
}

func (c *cache) knowsAbsent(id store.ID, now moment) bool {
	a, ok := c.absent.GetIfPresent(id)
	if !ok {
		return false
	}
	h := c.hearing.Load()
	if !h.believesAbsent(a, c.lease, now) {
		c.tally.refused.Add(1)
		return false
	}
	c.tally.hitAbsent(id, h)
	return true
}

// Load implements [store.Store].
func (c *cache) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	if encoded, known := c.peek(id, c.now()); known {
		if encoded.ID.IsZero() {
			return store.Record{}, store.ErrNotFound
		}
		return encoded.Record()
	}
	return c.share(ctx, id)
}

// fetch asks the inner store, and keeps the answer if nothing has happened to the record meanwhile.
func (c *cache) fetch(ctx context.Context, id store.ID, f *flight) {
	at, era := c.now(), c.hearing.Load().era
	c.tally.loads.Add(1)
	r, err := c.ask(ctx, id)
	if ctx.Err() != nil && err != nil {
		return // those who share the flight have contexts of their own
	}
	f.record, f.err = r, err
	sh := c.shards.of(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	w := sh.writes[id]
	keep := !f.spoiled && w == nil && c.hearing.Load().keeps(era)
	if w != nil {
		w.mixed = true // this may have seen what comes after it
	}
	switch {
	case err == nil && keep:
		c.keep(id, newEntry(&r, at, era))
	case err == nil:
		c.outdate(id, r.Version)
	case errors.Is(err, store.ErrNotFound) && keep:
		c.keepAbsent(id, at, era)
	case errors.Is(err, store.ErrNotFound):
		c.live.Invalidate(id)
	}
}

// Pauses before a store that lags is asked again: none at first, as the record may have been saved here while the answer was on its
// way, then 5 ms, twice as long each time, 75 ms in all. When it says that there is no such record, that is most often
// true: it was saved a moment ago, and then ended.
const (
	lagPause  = 5 * time.Millisecond
	lagTries  = 6
	goneTries = 4
)

// ask loads a record, and does not believe an answer that is older than what is known.
func (c *cache) ask(ctx context.Context, id store.ID) (r store.Record, err error) {
	for try := range lagTries {
		if try > 1 {
			if err := wait(ctx, lagPause<<(try-2)); err != nil {
				return store.Record{}, err
			}
		}
		r, err = c.inner.Load(ctx, id)
		if !c.lags(id, r.Version, err) {
			return r, err
		}
		c.tally.lagged.Add(1)
		if err != nil && try+1 >= goneTries {
			return r, err
		}
	}
	return store.Record{}, fmt.Errorf("load %v: %w", id, ErrLagging)
}

// lags reports whether an answer is older than what has been seen of the record within the lease. What was seen before the
// feed was lost counts no more: if the store has fallen over to another machine, that one may know less.
func (c *cache) lags(id store.ID, version uint64, err error) bool {
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false
	}
	known, ok := c.live.GetEntryQuietly(id)
	if !ok {
		return false
	}
	e := known.Value
	return version < e.version && e.era == c.hearing.Load().era && e.at.within(c.lease, c.now())
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// keep puts an entry in, unless there is a newer one. The caller holds the lock of the ID's shard, here and in all that
// changes what is kept.
func (c *cache) keep(id store.ID, e *entry) {
	if known, ok := c.live.GetEntryQuietly(id); ok {
		if old := known.Value; old.era == e.era && old.version > e.version && old.at.within(c.lease, e.at) {
			return
		}
	}
	c.absent.Invalidate(id)
	c.live.Set(id, e)
}

// outdate has a record loaded anew if what is kept is older than a version that somebody has been told.
func (c *cache) outdate(id store.ID, version uint64) {
	if known, ok := c.live.GetEntryQuietly(id); ok && known.Value.version < version {
		c.empty(id, version)
	}
}

func (c *cache) keepAbsent(id store.ID, at moment, era uint64) {
	c.live.Invalidate(id)
	c.absent.Set(id, absence{at, era})
}

// List implements [store.Store]. It asks the inner store.
func (c *cache) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	return c.inner.List(ctx, q)
}

// Count implements [store.Store]. It asks the inner store.
func (c *cache) Count(ctx context.Context, user string) (int, error) { return c.inner.Count(ctx, user) }

// NotBefore implements [store.Store]. It asks the inner store: sessions keep the cutoffs themselves.
func (c *cache) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	return c.inner.NotBefore(ctx)
}
