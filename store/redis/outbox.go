package redisstore

import (
	"context"
	"maps"
	"sync"
	"time"

	"coatcheck.dev/store"
)

const (
	outboxLimit = 1024
	outboxPause = 5 * time.Second // at most, between two attempts
)

// A revocation names what must end: one record, those of a user, or those that a cutoff refuses.
type revocation struct {
	id       store.ID
	user     string
	isCutoff bool
}

// An outbox repeats revocations that could not be confirmed. Their callers were told of the failure and may have gone,
// but a thief has not. Its goroutine lives as long as there is something to do.
type outbox struct {
	mu      sync.Mutex
	pending map[revocation]*func(context.Context) error
	stop    context.CancelFunc // nil unless the goroutine runs
	closed  bool
}

// revoke calls do, now and, if it fails, again in the background until it succeeds.
func (s *Store) revoke(ctx context.Context, name revocation, do func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := do(ctx)
	if err != nil {
		s.outbox.add(name, do)
	}
	return err
}

// add replaces a pending revocation of the same name. When the outbox is full the call is dropped: its caller has
// already had the error.
func (o *outbox) add(name revocation, do func(context.Context) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, there := o.pending[name]; o.closed || !there && len(o.pending) >= outboxLimit {
		return
	}
	if o.pending == nil {
		o.pending = make(map[revocation]*func(context.Context) error)
	}
	o.pending[name] = &do
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
		o.mu.Lock()
		all := maps.Clone(o.pending)
		o.mu.Unlock()
		for name, do := range all {
			if o.try(ctx, name, do) {
				pause = 50 * time.Millisecond
			}
		}
		if o.endIfEmpty() {
			return
		}
	}
}

func (o *outbox) try(ctx context.Context, name revocation, do *func(context.Context) error) (done bool) {
	ctx, cancel := context.WithTimeout(ctx, stepsLimit)
	defer cancel()
	if (*do)(ctx) != nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.pending[name] == do {
		delete(o.pending, name)
	}
	return true
}

func (o *outbox) endIfEmpty() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.pending) > 0 && !o.closed {
		return false
	}
	o.stop()
	o.stop = nil
	return true
}

// Unconfirmed returns how many revocations have failed and are being repeated in the background. Their callers were
// told of the failure.
func (s *Store) Unconfirmed() int {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	return len(s.outbox.pending)
}

// Close gives up what is being repeated in the background, and ends the feed. A store that is not closed keeps trying.
func (s *Store) Close() {
	s.outbox.mu.Lock()
	s.outbox.closed, s.outbox.pending = true, nil
	if s.outbox.stop != nil {
		s.outbox.stop()
	}
	s.outbox.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.feed.Close(ctx) // Options.Subscribe returns soon after its context has ended
}
