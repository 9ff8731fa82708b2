package session

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

// ErrUnavailable says that the store was not asked, as it has just failed several times or is as busy as
// Options.MaxStoreCalls allows. Nothing has been changed.
var ErrUnavailable = errors.New("session: the store is unavailable")

// guard stands before the store. It bounds how long a call takes and how many there are at once, and when the store
// fails again and again it lets only a single call through from time to time until one succeeds: so a store that comes
// back is not met by everybody who waited.
type guard struct {
	slots chan struct{}

	mu       sync.Mutex
	failures int       // in a row
	closedAt time.Time // no call before this moment
	probing  bool      // a call is out that decides
}

const (
	guardFailures = 5                      // in a row close the way
	guardPause    = 250 * time.Millisecond // for so long at first, doubled each time
	guardPauseMax = time.Second            // so that a store that is back is found within two
)

// do calls the store with a deadline. The call goes on when the client hangs up: whether a change happens must not
// depend on that, and a statement that is cut off leaves the answer unknown.
func (g *guard) do(ctx context.Context, timeout time.Duration, call func(context.Context) error) error {
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	default:
		return g.full()
	}
	if !g.enter() {
		return errFailing
	}
	wait := waitFor(ctx, timeout)
	defer wait.end()
	failed := true
	defer func() { g.leave(failed) }() // also if a store panics
	err := call(wait)
	failed = err != nil && !isAnswer(err)
	return err
}

var errFailing = fmt.Errorf("%w: it has failed several times in a row", ErrUnavailable)

func (g *guard) full() error {
	return fmt.Errorf("%w: %d calls are under way", ErrUnavailable, cap(g.slots))
}

// shut returns an error while no call is let through, so that nobody waits for somebody else's either.
func (g *guard) shut() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failures >= guardFailures && (g.probing || time.Now().Before(g.closedAt)) {
		return errFailing
	}
	return nil
}

// A crowd bounds how many requests wait for one answer: they hold no call to the store, but each holds a goroutine.
type crowd struct {
	most int64
	n    atomic.Int64
}

func (c *crowd) enter() bool {
	if c.n.Add(1) > c.most {
		c.n.Add(-1)
		return false
	}
	return true
}

func (c *crowd) leave() { c.n.Add(-1) }

// isAnswer reports whether an error is an answer of a store that works.
func isAnswer(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrExists) ||
		errors.Is(err, store.ErrDamaged) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrConflict)
}

func (g *guard) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failures < guardFailures {
		return true
	}
	if g.probing || time.Now().Before(g.closedAt) {
		return false
	}
	g.probing = true
	return true
}

func (g *guard) leave(failed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probing = false
	if !failed {
		g.failures = 0
		return
	}
	g.failures++
	if over := g.failures - guardFailures; over >= 0 {
		pause := min(guardPause<<min(over, 10), guardPauseMax)
		g.closedAt = time.Now().Add(pause/2 + rand.N(pause)) // nodes that saw the same failure do not come back together
	}
}

// Ready returns nil if the store answers, for a readiness probe. It asks the store each time.
func (m *Manager) Ready(ctx context.Context) error {
	err := m.guard.do(ctx, m.opts.StoreTimeout, func(ctx context.Context) error {
		_, err := m.store.Load(ctx, store.NewID())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return m.storeErr("check", store.ID{}, err)
}

// flights lets requests that load the same record at the same time share calls of the store.
type flights struct {
	mu   sync.Mutex
	byID map[store.ID]*flight // the one that is under way
}

// A flight is one call of the store. Requests that come while it is under way share the next one, which begins when
// this one has landed: what this one brings may be older than they are, and the session may have been revoked
// between.
type flight struct {
	call   func() (store.Record, error)
	next   *flight // nil if nobody waits
	landed chan struct{}
	record store.Record
	err    error
}

// load calls fn, or waits for a call for the same ID that begins after now. A waiter's context ends only its own
// waiting.
func (f *flights) load(ctx context.Context, id store.ID, fn func() (store.Record, error)) (store.Record, error) {
	mine := &flight{call: fn, landed: make(chan struct{}), err: errPanicked}
	f.mu.Lock()
	ahead := f.byID[id]
	switch {
	case ahead == nil:
		if f.byID == nil {
			f.byID = make(map[store.ID]*flight)
		}
		f.byID[id] = mine
		f.mu.Unlock()
		f.fly(id, mine)
		return mine.record, mine.err
	case ahead.next == nil:
		ahead.next = mine
	default:
		mine = ahead.next
	}
	f.mu.Unlock()
	select {
	case <-mine.landed:
		return mine.record, mine.err
	case <-ctx.Done():
		return store.Record{}, ctx.Err()
	}
}

// fly makes the call, and sends off the next one behind it.
func (f *flights) fly(id store.ID, it *flight) {
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if it.next == nil {
			delete(f.byID, id)
		} else {
			f.byID[id] = it.next
			go func() {
				defer func() { _ = recover() }() // those who wait get errPanicked
				f.fly(id, it.next)
			}()
		}
		close(it.landed)
	}()
	it.record, it.err = it.call()
}

var errPanicked = errors.New("session: the store panicked")
