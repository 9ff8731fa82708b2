package client

import (
	"context"
	"sync"
	"time"
)

// A lazyDeadline is the context of one call. It has a deadline of its own and the values of the request's context, but
// does not end with the request. Its timer is made when somebody first waits: a store that answers from memory never
// does, and is spared the 4 allocations of [context.WithTimeout]: with them SessionWrite of package bench takes a third
// longer.
type lazyDeadline struct {
	request context.Context
	until   time.Time

	mu     sync.Mutex
	over   bool            // the call has returned
	timed  context.Context // nil until somebody waits
	cancel context.CancelFunc
}

// newLazyDeadline returns the context of a call. The caller ends it when the call has returned.
func newLazyDeadline(request context.Context, until time.Time) *lazyDeadline {
	return &lazyDeadline{request: request, until: until}
}

func (d *lazyDeadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	if d.timed != nil {
		d.cancel()
	}
}

// Deadline implements [context.Context], as do Done, Err and Value.
func (d *lazyDeadline) Deadline() (time.Time, bool) { return d.until, true }

func (d *lazyDeadline) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.start().Done()
}

func (d *lazyDeadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed == nil && !d.over && time.Until(d.until) > 0 {
		return nil
	}
	return d.start().Err()
}

// Value lets contexts that are derived from this one find the timer's. Package context then needs no goroutine to
// follow it.
func (d *lazyDeadline) Value(key any) any {
	d.mu.Lock()
	timed := d.timed
	d.mu.Unlock()
	if timed == nil {
		timed = context.WithoutCancel(d.request)
	}
	return timed.Value(key)
}

// start makes the timer, if nobody has waited before. The caller holds d.mu.
func (d *lazyDeadline) start() context.Context {
	if d.timed == nil {
		d.timed, d.cancel = context.WithDeadline(context.WithoutCancel(d.request), d.until)
		if d.over {
			d.cancel()
		}
	}
	return d.timed
}
