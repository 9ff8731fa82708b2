package session

import (
	"context"
	"sync"
	"time"
)

// patience is the context of one call of the store: it has a deadline of its own, and what the request's context knows, but
// does not end with the request. A store that answers from memory never waits, so the timer is made only for one that does.
type patience struct {
	context.Context
	until time.Time

	mu     sync.Mutex
	over   bool            // the call has returned
	timed  context.Context // nil until somebody waits
	cancel context.CancelFunc
}

// waitFor returns a context for a call that may take so long. The caller ends it when the call has returned.
func waitFor(request context.Context, timeout time.Duration) *patience {
	return &patience{Context: context.WithoutCancel(request), until: time.Now().Add(timeout)}
}

func (p *patience) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	if p.timed != nil {
		p.cancel()
	}
}

// Deadline implements [context.Context], as do Done and Err.
func (p *patience) Deadline() (time.Time, bool) { return p.until, true }

func (p *patience) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.start().Done()
}

func (p *patience) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timed == nil && !p.over && time.Now().Before(p.until) {
		return nil
	}
	return p.start().Err()
}

// Value has those who derive contexts from this one find the timer's: package context then needs no goroutine to follow it.
func (p *patience) Value(key any) any {
	p.mu.Lock()
	timed := p.timed
	p.mu.Unlock()
	if timed != nil {
		return timed.Value(key)
	}
	return p.Context.Value(key)
}

// start makes the timer, if nobody has waited before. The caller holds p.mu.
func (p *patience) start() context.Context {
	if p.timed == nil {
		p.timed, p.cancel = context.WithDeadline(p.Context, p.until)
		if p.over {
			p.cancel()
		}
	}
	return p.timed
}
