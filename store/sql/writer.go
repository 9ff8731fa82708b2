package sqlstore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

const (
	queueLimit = 4096 // writes that wait; who comes later waits for room
	batchLimit = 256  // writes in one transaction, so that none waits long for the others in it
)

var errPanic = errors.New("panic")

// A write is one change, or a few that belong together, on its way into the database.
type write struct {
	ctx   context.Context
	do    func(*txn) error
	taken atomic.Bool // by the writer, or by the caller who has given up
	done  chan error  // takes one result, whether or not anybody is there to read it
}

// A writer commits what concurrent callers hand it, everything that has queued up in one transaction. Its
// goroutine lives as long as there is something to do.
type writer struct {
	commit func([]*write)
	slots  chan struct{} // one for each write that waits

	mu      sync.Mutex
	queue   []*write
	running bool
	closed  bool
	idle    chan struct{} // closed when the goroutine ends
}

func newWriter(commit func([]*write)) *writer {
	return &writer{commit: commit, slots: make(chan struct{}, queueLimit)}
}

// write has a change made and waits for it to be durable.
func (w *writer) write(ctx context.Context, do func(*txn) error) error {
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	wr := &write{ctx: ctx, do: do, done: make(chan error, 1)}
	if err := w.enqueue(wr); err != nil {
		<-w.slots
		return err
	}
	select {
	case err := <-wr.done:
		return err
	case <-ctx.Done():
		wr.taken.Store(true)
		return ctx.Err()
	}
}

func (w *writer) enqueue(wr *write) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosed
	}
	w.queue = append(w.queue, wr)
	if !w.running {
		w.running, w.idle = true, make(chan struct{})
		go w.run()
	}
	return nil
}

func (w *writer) run() {
	for batch := w.next(); batch != nil; batch = w.next() {
		w.commit(batch)
	}
}

// next returns the writes of the next transaction, or ends the goroutine if there are none.
func (w *writer) next() []*write {
	w.mu.Lock()
	defer w.mu.Unlock()
	var batch []*write
	i := 0
	for ; i < len(w.queue) && len(batch) < batchLimit; i++ {
		<-w.slots
		if wr := w.queue[i]; !wr.taken.Swap(true) {
			batch = append(batch, wr)
		}
		w.queue[i] = nil
	}
	if w.queue = w.queue[i:]; len(batch) == 0 {
		w.queue, w.running = nil, false
		close(w.idle)
	}
	return batch
}

// close lets nothing in any more and waits until all that is in has been committed.
func (w *writer) close(ctx context.Context) error {
	w.mu.Lock()
	w.closed = true
	running, idle := w.running, w.idle
	w.mu.Unlock()
	if !running {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
