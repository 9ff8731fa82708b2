package session

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// sweeper removes expired records in slices, so that no request waits for it. It runs only while the manager writes: a
// manager that is no longer used leaves no timer behind.
type sweeper struct {
	mu      sync.Mutex
	timer   *time.Timer
	stopped atomic.Bool
	running chan struct{} // closed when the sweep that is under way has ended; nil if none is
}

const (
	sweepSlice = 500                   // records in one call of the store
	sweepPause = 20 * time.Millisecond // between two slices, for the writers that wait
)

// wake makes sure that a sweep is due.
func (w *sweeper) wake(m *Manager) {
	if m.opts.SweepInterval < 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer == nil && !w.stopped.Load() {
		w.timer = time.AfterFunc(m.opts.SweepInterval, func() { w.run(m) })
	}
}

// stop ends sweeping, and waits for the slice that is being swept.
func (w *sweeper) stop(ctx context.Context) {
	w.mu.Lock()
	w.stopped.Store(true)
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

// begin reports whether a sweep may begin.
func (w *sweeper) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped.Load() {
		return false
	}
	w.running = make(chan struct{})
	return true
}

func (w *sweeper) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.running)
	w.timer, w.running = nil, nil
}

func (w *sweeper) run(m *Manager) {
	if !w.begin() {
		return
	}
	defer w.end()
	total := 0
	for !w.stopped.Load() {
		n, err := m.sweepSlice()
		total += n
		if err != nil || n < sweepSlice {
			break
		}
		time.Sleep(sweepPause)
	}
	if total > 0 {
		m.emit(event.Event{Kind: event.Expired, Count: total})
	}
}

func (m *Manager) sweepSlice() (int, error) {
	ctx, cancel := detached(m.opts.StoreTimeout)
	defer cancel()
	n, err := m.store.Sweep(ctx, time.Now(), sweepSlice)
	return n, m.storeErr("sweep", store.ID{}, err)
}
