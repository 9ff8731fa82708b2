package history

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/event"
)

// Options say how long entries are kept.
type Options struct {
	// Keep is for how long. The default is 90 days.
	Keep time.Duration

	// MaxEntries is how many entries are kept at most; the oldest make room. The default is 10,000,000, which take
	// about 4 GB.
	MaxEntries int64

	// Log is told what could not be kept. The default is no log.
	Log *slog.Logger
}

const (
	keepDefault       = 90 * 24 * time.Hour
	maxEntriesDefault = 10_000_000
	maxWaiting        = 1 << 16                // entries in memory
	writeEvery        = 250 * time.Millisecond // so that a busy hour is few transactions
	batchSize         = 2000
)

func (o Options) withDefaults() Options {
	if o.Keep <= 0 {
		o.Keep = keepDefault
	}
	if o.MaxEntries <= 0 {
		o.MaxEntries = maxEntriesDefault
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// A History keeps entries. Nil keeps none, and finds none. Its methods may be called from any number of goroutines.
type History struct {
	opts  Options
	place place
	lost  atomic.Uint64

	mu      sync.Mutex
	room    int // for entries in memory
	waiting []Entry
	wake    chan struct{}      // has one when there is something to write
	flushes chan chan struct{} // who waits until all is written
	stop    context.CancelFunc
	done    chan struct{} // closed when nothing is written any more
	told    time.Time     // when the log was last told of a failure
	untold  uint64        // lost entries that the history does not mention yet
}

func start(p place, o Options) *History {
	ctx, stop := context.WithCancel(context.Background())
	h := &History{
		opts: o.withDefaults(), place: p, room: maxWaiting, wake: make(chan struct{}, 1),
		flushes: make(chan chan struct{}), stop: stop, done: make(chan struct{}),
	}
	go h.run(ctx)
	return h
}

// Observe keeps what happens to sessions. It is an [event.Observer].
func (h *History) Observe(e event.Event) {
	if kept, ok := newEntry(e); ok {
		h.Note(kept)
	}
}

// ObserveOperators keeps what happens to the sessions of operators. It is an [event.Observer].
func (h *History) ObserveOperators(e event.Event) {
	if kept, ok := operatorEntry(e); ok {
		h.Note(kept)
	}
}

// Note keeps an entry, without waiting for it to be written. If its At is zero, it is now.
func (h *History) Note(e Entry) {
	if h == nil {
		return
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	h.mu.Lock()
	if len(h.waiting) < h.room {
		h.waiting = append(h.waiting, e)
	} else {
		h.lose(1)
	}
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// lose counts entries that are not kept. It needs the lock.
func (h *History) lose(n int) {
	h.lost.Add(uint64(n))
	h.untold += uint64(n)
}

// Lost returns how many entries could not be kept.
func (h *History) Lost() uint64 {
	if h == nil {
		return 0
	}
	return h.lost.Load()
}

// Flush waits until all that was noted before is written, or has failed to be, or ctx ends.
func (h *History) Flush(ctx context.Context) {
	if h == nil {
		return
	}
	written := make(chan struct{})
	select {
	case h.flushes <- written:
	case <-h.done:
		return
	case <-ctx.Done():
		return
	}
	select {
	case <-written:
	case <-h.done:
	case <-ctx.Done():
	}
}

// settle has what waits written before somebody reads, if that is quick.
func (h *History) settle(ctx context.Context) {
	h.mu.Lock()
	waits := len(h.waiting) > 0
	h.mu.Unlock()
	if waits {
		ctx, cancel := context.WithTimeout(ctx, writeEvery)
		defer cancel()
		h.Flush(ctx)
	}
}

// Close writes what waits, and lets go of the file. What is noted later is lost.
func (h *History) Close(ctx context.Context) error {
	if h == nil {
		return nil
	}
	h.Flush(ctx)
	h.stop()
	select {
	case <-h.done:
	case <-ctx.Done():
	}
	return h.place.close()
}
