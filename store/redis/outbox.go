package redisstore

import (
	"context"
	"sync"
	"time"

	"coatcheck.dev/store"
)

const (
	outboxLimit = 1024
	outboxPause = 5 * time.Second // at most, between two attempts
)

// A revoke is the name of something that must come to an end: one record, those of a user, or what a switch refuses.
type revoke struct {
	id         store.ID
	user       string
	isSwitched bool
}

// An outbox repeats revokes that could not be confirmed. Whoever asked for them was told that they failed, but may have
// gone, and a thief has not. Its goroutine lives as long as there is something to do.
type outbox struct {
	mu      sync.Mutex
	waiting map[revoke]*attempt
	stop    context.CancelFunc // nil unless the goroutine runs
	closed  bool
}

type attempt struct{ do func(context.Context) error }

// add has a revoke repeated until it succeeds. What is there already of the same name is replaced; what finds no room was
// told to fail, and that is all.
func (o *outbox) add(name revoke, do func(context.Context) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, there := o.waiting[name]; o.closed || !there && len(o.waiting) >= outboxLimit {
		return
	}
	if o.waiting == nil {
		o.waiting = make(map[revoke]*attempt)
	}
	o.waiting[name] = &attempt{do}
	if o.stop == nil {
		ctx, cancel := context.WithCancel(context.Background())
		o.stop = cancel
		go o.run(ctx)
	}
}

func (o *outbox) run(ctx context.Context) {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, outboxPause) {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		for name, a := range o.all() {
			if o.try(ctx, name, a) {
				pause = 50 * time.Millisecond
			}
		}
		if o.endIfEmpty() {
			return
		}
	}
}

func (o *outbox) all() map[revoke]*attempt {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make(map[revoke]*attempt, len(o.waiting))
	for name, a := range o.waiting {
		all[name] = a
	}
	return all
}

func (o *outbox) try(ctx context.Context, name revoke, a *attempt) (done bool) {
	ctx, cancel := context.WithTimeout(ctx, stepsLimit)
	defer cancel()
	if a.do(ctx) != nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting[name] == a {
		delete(o.waiting, name)
	}
	return true
}

func (o *outbox) endIfEmpty() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) > 0 && !o.closed {
		return false
	}
	o.stop()
	o.stop = nil
	return true
}

func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.waiting = true, nil
	if o.stop != nil {
		o.stop()
	}
}

// Unconfirmed returns how many revokes failed and are being repeated in the background: of one session, of all of a user's,
// or a switch. Whoever asked for them was told that they failed.
func (s *Store) Unconfirmed() int {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	return len(s.outbox.waiting)
}

// Close gives up what is being repeated in the background, and ends the feed. A store that is not closed keeps trying.
func (s *Store) Close() {
	s.outbox.close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.feed.state.Close(ctx) // Options.Subscribe returns soon after its context has ended
}
