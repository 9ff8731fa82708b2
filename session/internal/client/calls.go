package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// ErrUnavailable says that the store was not asked, because it has just failed several times or is as busy as
// Options.MaxStoreCalls allows. Nothing has been changed.
var ErrUnavailable = errors.New("session: the store is unavailable")

var errFailing = fmt.Errorf("%w: it has failed several times in a row", ErrUnavailable)

// Calls are the calls of one store. They bound how long each takes and how many there are at once, and spare a store
// that fails again and again.
type Calls struct {
	timeout time.Duration
	slots   *limiter
	breaker breaker
}

// NewCalls returns calls with these bounds.
func NewCalls(timeout time.Duration, most int) *Calls {
	return &Calls{timeout: timeout, slots: &limiter{most: int64(most)}}
}

// Apart returns calls under the same limit that fail by themselves: a store may answer one kind of calls and not the
// other, as one with a full disk does.
func (c *Calls) Apart() *Calls { return &Calls{timeout: c.timeout, slots: c.slots} }

// Do calls the store at the time now, with a deadline. The call goes on when the client hangs up: whether a change
// happens must not depend on that, and a statement that is cut off leaves the answer unknown.
func (c *Calls) Do(ctx context.Context, now time.Time, call func(context.Context) error) error {
	if !c.slots.enter() {
		return c.slots.full()
	}
	defer c.slots.leave()
	if !c.breaker.enter(now) {
		return errFailing
	}
	deadline := newLazyDeadline(ctx, now.Add(c.timeout))
	failed := true
	defer func() { // also if a store panics
		deadline.end()
		c.breaker.leave(failed)
	}()
	err := call(deadline)
	failed = err != nil && !IsAnswer(err)
	return err
}

// IsAnswer reports whether an error is an answer of a store that works.
func IsAnswer(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrExists) ||
		errors.Is(err, store.ErrDamaged)
}

// A limiter bounds how many there are at once.
type limiter struct {
	most int64
	n    atomic.Int64
}

func (l *limiter) enter() bool {
	if l.n.Add(1) > l.most {
		l.n.Add(-1)
		return false
	}
	return true
}

func (l *limiter) leave() { l.n.Add(-1) }

func (l *limiter) full() error {
	return fmt.Errorf("%w: %d calls are under way", ErrUnavailable, l.most)
}

// A breaker opens when a store fails several times in a row. From then on it lets a single call through from time to
// time until one succeeds, so that a store that comes back is not met by everybody who waited.
type breaker struct {
	failures atomic.Int32 // in a row; changed under mu

	mu      sync.Mutex
	openTo  time.Time // no call before
	probing bool      // a call is out that decides
}

const (
	breakerFailures = 5                      // in a row open it
	breakerPause    = 250 * time.Millisecond // for so long at first, doubled each time
	breakerPauseMax = time.Second            // so that a store that is back is found within two
)

// enter reports whether a call may be made. The caller of leave is whoever made it.
func (b *breaker) enter(now time.Time) bool {
	if b.failures.Load() < breakerFailures {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.isOpen(now) {
		return false
	}
	b.probing = b.failures.Load() >= breakerFailures
	return true
}

// open reports whether no call would be let through, so that nobody waits for somebody else's either.
func (b *breaker) open(now time.Time) bool {
	if b.failures.Load() < breakerFailures {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.isOpen(now)
}

func (b *breaker) isOpen(now time.Time) bool {
	return b.failures.Load() >= breakerFailures && (b.probing || now.Before(b.openTo))
}

func (b *breaker) leave(failed bool) {
	if !failed && b.failures.Load() == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if !failed {
		b.failures.Store(0)
		return
	}
	if over := b.failures.Add(1) - breakerFailures; over >= 0 {
		pause := min(breakerPause<<min(over, 10), breakerPauseMax)
		// Nodes that saw the same failure do not come back together.
		b.openTo = time.Now().Add(pause/2 + rand.N(pause))
	}
}
