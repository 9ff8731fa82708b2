package client

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
	touchMost  = 1 << 16     // are kept while the store fails; later requests send what is forgotten
)

// Touch notes that a session was used at a time.
func (c *Client) Touch(id store.ID, at time.Time) {
	t := &c.touches
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.seen) >= touchMost {
		return
	}
	if t.seen == nil {
		t.seen = make(map[store.ID]time.Time)
	}
	t.seen[id] = later(t.seen[id], at)
	t.arm(c)
}

// arm has a flush come soon. The caller holds t.mu, as in rest.
func (t *touches) arm(c *Client) {
	if t.timer == nil {
		t.timer = time.AfterFunc(touchDelay, func() {
			ctx, cancel := c.detached()
			defer cancel()
			_ = c.flush(ctx) // reported; what could not be written is kept
		})
	}
}

// rest stops the timer. What waits is kept; the next touch starts it again.
func (t *touches) rest() {
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
}

// LastSeen returns when a session was last seen, as far as this node knows.
func (c *Client) LastSeen(id store.ID, stored time.Time) time.Time {
	t := &c.touches
	t.mu.Lock()
	defer t.mu.Unlock()
	return later(stored, later(t.sending[id], t.seen[id]))
}

// Over reports whether a session has ended. A use that could not be written yet counts: nobody is signed out because a
// store was down.
func (c *Client) Over(r *store.Record, now time.Time) bool {
	if !r.Over(now) {
		return false
	}
	seen := *r
	seen.LastSeen = c.LastSeen(r.ID, r.LastSeen)
	return seen.Over(now)
}

// flush writes everything that was noted, one flush after the other: when it returns nil, nothing is on its way any
// more. What could not be written is kept for the next time.
func (c *Client) flush(ctx context.Context) error {
	t := &c.touches
	select {
	case t.flushing <- struct{}{}:
		defer func() { <-t.flushing }()
	case <-ctx.Done():
		t.again(c, nil)
		return ctx.Err()
	}
	sending := t.take()
	err := c.sendTouches(ctx, sending)
	if err != nil {
		t.again(c, sending)
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sending = nil
	return nil
}

// take returns what was noted, which is on its way from now on.
func (t *touches) take() map[store.ID]time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rest()
	t.seen, t.sending = nil, t.seen
	return t.sending
}

func (c *Client) sendTouches(ctx context.Context, seen map[store.ID]time.Time) error {
	batch := make([]store.Seen, 0, min(len(seen), touchBatch))
	for id, at := range seen {
		batch = append(batch, store.Seen{ID: id, At: at})
		if len(batch) == touchBatch {
			if err := c.sendBatch(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return c.sendBatch(ctx, batch)
}

// sendBatch goes past the breaker: a store that can be read but not written is to go on answering requests. There is
// one such call at a time.
func (c *Client) sendBatch(ctx context.Context, batch []store.Seen) error {
	if len(batch) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	if err := c.store.Touch(ctx, batch); err != nil {
		return c.Report("touch", store.ID{}, err)
	}
	c.opts.Events.Send(event.Event{Kind: event.Touched, Count: len(batch)})
	return nil
}

// again takes back touches that were not written, and has another flush come. To write one twice does no harm.
func (t *touches) again(c *Client, unsent map[store.ID]time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if unsent != nil {
		t.sending = nil
		if t.seen == nil {
			t.seen, unsent = unsent, nil
		}
	}
	for id, at := range unsent {
		if len(t.seen) < touchMost {
			t.seen[id] = later(t.seen[id], at)
		}
	}
	t.rest()
	if len(t.seen) > 0 {
		t.arm(c)
	}
}
