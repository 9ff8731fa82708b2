package session

import (
	"context"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// touches gathers when sessions were last seen, and writes them to the store in batches: one write for many requests.
type touches struct {
	mu    sync.Mutex
	seen  map[store.ID]time.Time
	timer *time.Timer // running while seen is not empty
}

const (
	touchDelay = time.Second // how long a touch waits for others
	touchBatch = 1 << 10     // how many go into one call of the store
	touchLimit = 1 << 16     // how many are kept while the store fails; more are forgotten, and sent by the sessions' next requests
)

// note notes that a session is used now, if its last-seen time is older than the touch interval.
func (t *touches) note(m *Manager, r *store.Record, now time.Time) {
	if now.Sub(r.LastSeen) < m.opts.touchEvery(r.IdleTimeout) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.seen) >= touchLimit {
		return
	}
	if t.seen == nil {
		t.seen = make(map[store.ID]time.Time)
	}
	t.seen[r.ID] = later(t.seen[r.ID], now)
	t.arm(m)
}

func (t *touches) arm(m *Manager) {
	if t.timer == nil {
		t.timer = time.AfterFunc(touchDelay, func() {
			ctx, cancel := detached(m.opts.StoreTimeout)
			defer cancel()
			_ = t.flush(ctx, m) // reported; what could not be written is kept
		})
	}
}

// latest returns when a session was last seen, as far as this program knows.
func (t *touches) latest(id store.ID, stored time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return later(stored, t.seen[id])
}

// flush writes everything that was noted. What could not be written is kept for the next time.
func (t *touches) flush(ctx context.Context, m *Manager) error {
	t.mu.Lock()
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	seen := t.seen
	t.seen = nil
	t.mu.Unlock()

	batch := make([]store.Seen, 0, min(len(seen), touchBatch))
	for id, at := range seen {
		batch = append(batch, store.Seen{ID: id, At: at})
		if len(batch) == touchBatch {
			if err := t.send(ctx, m, batch); err != nil {
				return t.keep(m, seen, err)
			}
			batch = batch[:0]
		}
	}
	if err := t.send(ctx, m, batch); err != nil {
		return t.keep(m, seen, err)
	}
	return nil
}

func (t *touches) send(ctx context.Context, m *Manager, batch []store.Seen) error {
	if len(batch) == 0 {
		return nil
	}
	err := m.guard.do(ctx, m.opts.StoreTimeout, func(ctx context.Context) error { return m.store.Touch(ctx, batch) })
	if err != nil {
		return m.storeErr("touch", store.ID{}, err)
	}
	m.emit(Event{Kind: EventTouched, Count: len(batch)})
	return nil
}

// keep takes touches back that were not written. Writing one twice does no harm.
func (t *touches) keep(m *Manager, seen map[store.ID]time.Time, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil {
		t.seen = seen
	} else {
		for id, at := range seen {
			if len(t.seen) < touchLimit {
				t.seen[id] = later(t.seen[id], at)
			}
		}
	}
	t.arm(m)
	return err
}
