package client

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// sweeper removes expired records in slices, so that no request waits for it. It runs only while something is written:
// a client that is no longer used leaves no timer behind.
type sweeper struct {
	due atomic.Bool // the timer is set, or nothing will ever be due again

	mu      sync.Mutex
	timer   *time.Timer
	hurried bool // the next sweep does not wait for its interval
	stopped bool
	running chan struct{} // closed when the sweep that is under way has ended; nil if none is
}

const (
	sweepSlice = 500                   // records in one call of the store
	sweepHurry = 2 * time.Second       // for touches on their way
	sweepPause = 20 * time.Millisecond // between two slices, for the writers that wait
)

// sweepSoon makes sure that a sweep is due.
func (c *Client) sweepSoon() {
	w := &c.sweeper
	if w.due.Load() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.due.Swap(true) && c.opts.SweepInterval >= 0 {
		w.timer = time.AfterFunc(c.opts.SweepInterval, c.sweep)
	}
}

// SweepExpired has a sweep come soon, because the end of a session has been noticed: it must not be undone when a clock
// is set back.
func (c *Client) SweepExpired() {
	c.sweepSoon()
	w := &c.sweeper
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil && !w.stopped && !w.hurried && w.timer.Stop() {
		w.hurried = true
		w.timer.Reset(min(sweepHurry, c.opts.SweepInterval))
	}
}

// stop ends sweeping, and waits for the slice that is being swept.
func (w *sweeper) stop(ctx context.Context) {
	w.mu.Lock()
	w.stopped = true
	w.due.Store(true)
	if w.timer != nil {
		w.timer.Stop()
	}
	running := w.running
	w.mu.Unlock()
	if running == nil {
		return
	}
	select {
	case <-running:
	case <-ctx.Done():
	}
}

func (w *sweeper) isStopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stopped
}

// begin reports whether a sweep may begin.
func (w *sweeper) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.running = make(chan struct{})
	}
	return !w.stopped
}

func (w *sweeper) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.running)
	w.running, w.hurried = nil, false
	w.due.Store(w.stopped)
}

func (c *Client) sweep() {
	w := &c.sweeper
	if !w.begin() {
		return
	}
	defer w.end()
	if !c.Steady() {
		return
	}
	total := 0
	for !w.isStopped() {
		n, err := c.sweepSlice()
		total += n
		if err != nil || n < sweepSlice {
			break
		}
		time.Sleep(sweepPause)
	}
	if total > 0 {
		c.opts.Events.Send(event.Event{Kind: event.Expired, Count: total})
	}
}

func (c *Client) sweepSlice() (int, error) {
	ctx, cancel := c.detached()
	defer cancel()
	n, err := c.store.Sweep(ctx, c.Now(), sweepSlice)
	if err != nil {
		err = c.Report("sweep", store.ID{}, err)
	}
	return n, err
}
