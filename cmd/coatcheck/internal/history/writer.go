package history

import (
	"context"
	"time"
)

const (
	writeTime  = 10 * time.Second // for one batch
	retryAfter = time.Second
	tellEvery  = time.Minute // of a failure that goes on
	firstSweep = time.Minute
	sweepEvery = 10 * time.Minute
)

// run writes and sweeps until ctx ends.
func (h *History) run(ctx context.Context) {
	defer close(h.done)
	sweep := time.NewTimer(firstSweep)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
			h.sweep(ctx)
			sweep.Reset(sweepEvery)
		case written := <-h.flushes:
			h.writeAll(ctx)
			close(written)
		case <-h.wake:
			again := writeEvery
			if !h.writeAll(ctx) {
				again = retryAfter
			}
			h.rest(ctx, again)
		}
	}
}

// rest collects entries for the next batch, unless somebody waits for them.
func (h *History) rest(ctx context.Context, d time.Duration) {
	rest := time.NewTimer(d)
	defer rest.Stop()
	select {
	case <-ctx.Done():
	case <-rest.C:
	case written := <-h.flushes:
		h.writeAll(ctx)
		close(written)
	}
}

// writeAll writes what waits, and reports whether that went well. What could not be written waits on.
func (h *History) writeAll(ctx context.Context) bool {
	for {
		batch := h.take()
		if len(batch) == 0 {
			return true
		}
		writing, cancel := context.WithTimeout(ctx, writeTime)
		err := h.place.write(writing, batch)
		cancel()
		if err != nil {
			h.putBack(batch)
			h.tell(err)
			return false
		}
	}
}

// take takes a batch of what waits, which says first what was lost.
func (h *History) take() []Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := min(len(h.waiting), batchSize)
	batch := make([]Entry, 0, n+1)
	if h.untold > 0 {
		batch = append(batch, lostEntry(h.untold, time.Now()))
		h.untold = 0
	}
	batch = append(batch, h.waiting[:n]...)
	if h.waiting = h.waiting[n:]; len(h.waiting) == 0 {
		h.waiting = nil
	}
	return batch
}

// putBack has a batch wait again, before all others. The newest make room if there is none.
func (h *History) putBack(batch []Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting = append(batch, h.waiting...)
	if surplus := len(h.waiting) - h.room; surplus > 0 {
		h.waiting = h.waiting[:h.room]
		h.lose(surplus)
	}
	select {
	case h.wake <- struct{}{}: // to try again
	default:
	}
}

// tell logs a failure, once in a while.
func (h *History) tell(err error) {
	now := time.Now()
	if !h.told.IsZero() && now.Sub(h.told) < tellEvery {
		return
	}
	h.told = now
	h.mu.Lock()
	waiting := len(h.waiting)
	h.mu.Unlock()
	h.opts.Log.Error("the history cannot be written; sessions go on", "error", err, "waiting", waiting,
		"lost", h.lost.Load())
}

// sweep removes what is older than is kept, a little at a time.
func (h *History) sweep(ctx context.Context) {
	oldest := time.Now().Add(-h.opts.Keep)
	for {
		sweeping, cancel := context.WithTimeout(ctx, writeTime)
		n, err := h.place.sweep(sweeping, oldest, h.opts.MaxEntries, batchSize)
		cancel()
		if err != nil {
			if ctx.Err() == nil {
				h.tell(err)
			}
			return
		}
		if n < batchSize || !h.writeAll(ctx) {
			return
		}
		h.rest(ctx, writeEvery)
	}
}
