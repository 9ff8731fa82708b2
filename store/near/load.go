package near

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"coatcheck.dev/internal/coalesce"
	"coatcheck.dev/store"
)

// ErrLagging says that the inner store has answered several times with an older version of a record than before, as
// stores with replicas do.
var ErrLagging = errors.New("near: the store answers with an older version than it has told before")

// An inFlight has the calls under way for the IDs that begin with one byte. Its lock also guards the entries of these
// IDs.
type inFlight struct {
	mu     sync.Mutex
	loads  map[store.ID]*load
	writes map[store.ID]*writes
}

type inFlights [256]inFlight

func (f *inFlights) of(id store.ID) *inFlight { return &f[id[0]] }

// A load is a call of the inner store's Load. There is at most one for each ID.
type load struct {
	overtaken bool // something has happened to the record since it began; guarded by inFlight.mu
}

func (f *inFlight) beginLoad(id store.ID) *load {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loads == nil {
		f.loads = make(map[store.ID]*load)
	}
	l := new(load)
	f.loads[id] = l
	return l
}

func (f *inFlight) endLoad(id store.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.loads, id)
}

// overtake keeps the answer of a load under way out of the cache. The caller holds f.mu.
func (f *inFlight) overtake(id store.ID) {
	if l := f.loads[id]; l != nil {
		l.overtaken = true
	}
}

// overtakeAll is overtake for every load.
func (f *inFlight) overtakeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.loads {
		l.overtaken = true
	}
}

// load asks the inner store, in one call with others for the same record. If a shared call comes to no answer, the
// waiting callers try again.
func (c *cache) load(ctx context.Context, id store.ID) (store.Record, error) {
	for {
		r, shared, err := c.loads.Do(ctx, id, func() (store.Record, error) { return c.fetch(ctx, id) })
		if shared {
			c.counters.shared.Add(1)
		}
		switch {
		case shared && errors.Is(err, coalesce.ErrPanicked):
			continue
		case errors.Is(err, coalesce.ErrAbandoned):
			err = ctx.Err()
		}
		r.Auth = slices.Clone(r.Auth) // every caller gets a copy of their own
		return r, err
	}
}

// fetch asks the inner store, and keeps the answer if nothing has happened to the record meanwhile. What nobody is
// about to use is only kept in the place of what was here before.
func (c *cache) fetch(ctx context.Context, id store.ID) (store.Record, error) {
	f := c.inFlight.of(id)
	l := f.beginLoad(id)
	defer f.endLoad(id)
	p := proof{c.now(), c.health.Load().generation}
	c.counters.loads.Add(1)
	r, err := c.ask(ctx, id)
	if err != nil && ctx.Err() != nil {
		return store.Record{}, coalesce.ErrAbandoned // callers who share the call have contexts of their own
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.writes[id]
	keep := !l.overtaken && w == nil && c.health.Load().keeps(p.generation)
	if keep && store.IsGlance(ctx) {
		_, keep = c.kept(id)
	}
	if w != nil {
		w.mixed = true // the answer may be from after the write
	}
	switch {
	case err == nil && keep:
		c.keep(id, newEntry(&r, p))
	case err == nil:
		c.outdate(id, r.Version)
	case errors.Is(err, store.ErrNotFound) && keep:
		c.keepNegative(id, p)
	case errors.Is(err, store.ErrNotFound):
		c.entries.Invalidate(id)
	}
	return r, err
}

// A lagging store is asked again: at once, because the record may have been saved here while the answer was on its way,
// then after 5 ms, and after twice as long each time, 75 ms in all. An answer of no such record is believed sooner,
// because it is most often true: the record was saved a moment ago, and then deleted.
const (
	lagPause  = 5 * time.Millisecond
	lagTries  = 6
	goneTries = 4
)

// ask loads a record, and does not believe an answer older than the entry.
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
		c.counters.lagged.Add(1)
		if err != nil && try+1 >= goneTries {
			return r, err
		}
	}
	return store.Record{}, fmt.Errorf("load %v: %w", id, ErrLagging)
}

// lags reports whether an answer is older than the entry, within its lease. An entry of an earlier generation of the
// feed does not count: if the store has failed over to another machine, that one may know less.
func (c *cache) lags(id store.ID, version uint64, err error) bool {
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false
	}
	e, ok := c.kept(id)
	return ok && version < e.version && e.generation == c.health.Load().generation && e.at.within(c.lease, c.now())
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
