package sqlstore

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
)

// batchLimit is how many writes one transaction has at most, so that none waits long for the others in it.
const batchLimit = 256

var errPanic = errors.New("panic")

// A write is one change, or a few that belong together, on its way into the database.
type write struct {
	do   func(*txn) error
	err  error         // valid once the write is done
	done chan struct{} // closed then; nil if the caller commits the write itself
}

func (w *write) finish() {
	if w.done != nil {
		close(w.done)
	}
}

// A writer commits what concurrent callers hand it. A caller who finds nobody at work commits their own write: waking
// another goroutine would take longer than the change itself. Whatever queues up meanwhile goes into one transaction.
// The goroutine that commits it lives until the queue is empty.
type writer struct {
	commit func(context.Context, []*write)

	mu     sync.Mutex
	queue  []*write
	closed bool
	idle   chan struct{} // closed when nobody is at work any more; nil if nobody is
}

// write makes a change and waits until it is durable.
func (w *writer) write(ctx context.Context, do func(*txn) error) error {
	mine := &write{do: do}
	alone, err := w.enter(mine)
	switch {
	case err != nil:
		return err
	case alone:
		defer w.leave()
		w.commit(ctx, []*write{mine})
		return mine.err
	}
	select {
	case <-mine.done:
		return mine.err
	case <-ctx.Done():
		w.withdraw(mine)
		return ctx.Err()
	}
}

// enter puts a write into the queue, or reports that its caller is alone and has to commit it.
func (w *writer) enter(mine *write) (alone bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return false, errClosed
	case w.idle == nil:
		w.idle = make(chan struct{})
		return true, nil
	}
	mine.done = make(chan struct{})
	w.queue = append(w.queue, mine)
	return false, nil
}

// leave ends the work of a caller, or hands it on.
func (w *writer) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) > 0 {
		go w.run()
		return
	}
	w.rest()
}

// rest notes that nobody is at work. The caller holds w.mu.
func (w *writer) rest() {
	close(w.idle)
	w.queue, w.idle = nil, nil
}

// withdraw takes a write whose caller has given up out of the queue, unless it is being committed.
func (w *writer) withdraw(mine *write) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := slices.Index(w.queue, mine); i >= 0 {
		w.queue = slices.Delete(w.queue, i, i+1)
	}
}

func (w *writer) run() {
	for batch := w.next(); batch != nil; batch = w.next() {
		w.commit(uncancelled, batch)
		runtime.Gosched() // those who have been answered may be about to write again
	}
}

// next returns the writes of the next transaction, or nil if there are none.
func (w *writer) next() []*write {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		w.rest()
		return nil
	}
	n := min(len(w.queue), batchLimit)
	batch := slices.Clone(w.queue[:n])
	w.queue = slices.Delete(w.queue, 0, n)
	return batch
}

// close lets nothing in any more and waits until all that is in has been committed.
func (w *writer) close(ctx context.Context) error {
	w.mu.Lock()
	w.closed = true
	idle := w.idle
	w.mu.Unlock()
	return await(ctx, idle)
}

// await waits until a channel is closed. There is nothing to wait for if it is nil.
func await(ctx context.Context, closed <-chan struct{}) error {
	if closed == nil {
		return nil
	}
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
