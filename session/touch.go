package session

import (
	"context"
	"sync"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// touches gathers when sessions were last seen, and writes them to the store in batches: one write for many requests.
type touches struct {
	mu      sync.Mutex
	seen    map[store.ID]time.Time
	sending map[store.ID]time.Time // on the way to the store
	timer   *time.Timer            // running while seen is not empty

	flushing chan struct{} // holds one token while touches are being written
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
	return later(stored, later(t.sending[id], t.seen[id]))
}

// over reports whether a session has ended. A use that could not be written yet counts: nobody is signed out since a
// store was down.
func (m *Manager) over(r *store.Record, now time.Time) bool {
	if !r.Over(now) {
		return false
	}
	seen := *r
	seen.LastSeen = m.touches.latest(r.ID, r.LastSeen)
	return seen.Over(now)
}

// rest stops the timer. What waits is kept; the next touch starts it again.
func (t *touches) rest() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
}

// flush writes everything that was noted, one flush after the other: when it returns nil, nothing is on its way any
// more. What could not be written is kept for the next time.
func (t *touches) flush(ctx context.Context, m *Manager) error {
	select {
	case t.flushing <- struct{}{}:
		defer func() { <-t.flushing }()
	case <-ctx.Done():
		t.again(m, nil)
		return ctx.Err()
	}
	t.rest()
	t.mu.Lock()
	sending := t.seen
	t.seen, t.sending = nil, sending
	t.mu.Unlock()
	if err := t.sendAll(ctx, m, sending); err != nil {
		t.again(m, sending)
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sending = nil
	return nil
}

func (t *touches) sendAll(ctx context.Context, m *Manager, seen map[store.ID]time.Time) error {
	batch := make([]store.Seen, 0, min(len(seen), touchBatch))
	for id, at := range seen {
		batch = append(batch, store.Seen{ID: id, At: at})
		if len(batch) == touchBatch {
			if err := t.send(ctx, m, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return t.send(ctx, m, batch)
}

func (t *touches) send(ctx context.Context, m *Manager, batch []store.Seen) error {
	if len(batch) == 0 {
		return nil
	}
	// Past the guard: a store that can be read but not written is to go on answering requests. There is one such call
	// at a time.
	ctx, cancel := context.WithTimeout(ctx, m.opts.StoreTimeout)
	defer cancel()
	if err := m.store.Touch(ctx, batch); err != nil {
		return m.storeErr("touch", store.ID{}, err)
	}
	m.emit(event.Event{Kind: event.Touched, Count: len(batch)})
	return nil
}

// again takes back touches that were not written, and has another flush come. Writing one twice does no harm.
func (t *touches) again(m *Manager, unsent map[store.ID]time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if unsent != nil {
		t.sending = nil
		if t.seen == nil {
			t.seen = unsent
			unsent = nil
		}
	}
	for id, at := range unsent {
		if len(t.seen) < touchLimit {
			t.seen[id] = later(t.seen[id], at)
		}
	}
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	if len(t.seen) > 0 {
		t.arm(m)
	}
}
