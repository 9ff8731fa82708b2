package event

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// An Observer is told of events, one at a time and in their order, on a goroutine of its own. See the package comment
// for the whole rule.
type Observer func(Event)

// A Queue takes events to observers. Nil is a queue without observers. Its methods may be called from any number of
// goroutines. It has no goroutine while there is nothing to tell.
type Queue struct {
	taps     []Observer
	outboxes []*outbox
	lost     atomic.Uint64
}

// NewQueue returns a queue with these observers.
func NewQueue(observers ...Observer) *Queue {
	q := &Queue{}
	for _, o := range observers {
		q.outboxes = append(q.outboxes, &outbox{observer: o, lost: &q.lost})
	}
	return q
}

// Tap has an observer told on the goroutine that sends, before Send returns, so that nothing is lost on the way to it.
// It may be told of several events at once, delays requests for as long as it takes, and must not panic. Call Tap
// before anything is sent.
func (q *Queue) Tap(o Observer) { q.taps = append(q.taps, o) }

// Send takes an event to the observers, without waiting for them. If e.At is zero, it is now.
func (q *Queue) Send(e Event) {
	if q == nil {
		return
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	for _, tap := range q.taps {
		tap(e)
	}
	for _, o := range q.outboxes {
		o.send(e)
	}
}

// Lost returns how many events did not reach an observer because it was too slow, or panicked.
func (q *Queue) Lost() uint64 {
	if q == nil {
		return 0
	}
	return q.lost.Load()
}

// Flush waits until every observer has been told all that was sent before, or until ctx ends.
func (q *Queue) Flush(ctx context.Context) {
	if q == nil {
		return
	}
	for _, o := range q.outboxes {
		o.drain(ctx)
	}
}

// outbox is the way of events to one observer.
type outbox struct {
	observer Observer
	lost     *atomic.Uint64

	mu    sync.Mutex
	queue []Event
	idle  chan struct{} // closed when the goroutine ends; nil while there is none
}

// outboxSize is more than the sessions that people end at once: the end of each is told.
const outboxSize = 16384

func (o *outbox) send(e Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) >= outboxSize {
		o.lost.Add(1)
		return
	}
	o.queue = append(o.queue, e)
	if o.idle == nil {
		o.idle = make(chan struct{})
		go o.run()
	}
}

func (o *outbox) run() {
	for {
		o.mu.Lock()
		batch := o.queue
		o.queue = nil
		if len(batch) == 0 {
			close(o.idle)
			o.idle = nil
			o.mu.Unlock()
			return
		}
		o.mu.Unlock()
		for _, e := range batch {
			o.tell(e)
		}
	}
}

// tell keeps a panic of the observer away from the program. The observer was told, and nothing more is owed to it.
func (o *outbox) tell(e Event) {
	defer func() {
		if recover() != nil {
			o.lost.Add(1)
		}
	}()
	o.observer(e)
}

// drain waits until everything sent so far has been told, or the context ends.
func (o *outbox) drain(ctx context.Context) {
	o.mu.Lock()
	idle := o.idle
	o.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-ctx.Done():
	case <-idle:
	}
}
