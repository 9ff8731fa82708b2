package sqlstore

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

const (
	lookEvery  = 30 * time.Millisecond // while there are subscribers
	listenLook = time.Second           // while somebody listens for them as well
	beatEvery  = time.Second
	lookPause  = 5 * time.Millisecond // at least, between two looks
	lookLimit  = 3 * time.Second      // for a look to return
	trimEvery  = 30 * time.Second
)

// A feed tells of what the log says, as long as somebody wants to hear it. It looks many times a second, and at once
// after a change of this process, or when the door rings.
type feed struct {
	store.Hub
	log    changeLog
	listen func(ctx context.Context, channel string, heard func()) error
	wake   chan struct{}

	mu       sync.Mutex
	prepare  func(context.Context) error
	ears     int
	end      context.CancelFunc // of the goroutines that run now
	whole    bool               // nothing can have been missed since the last Beat
	beat     time.Time          // of that
	closed   bool
	running  sync.WaitGroup
	trimmed  atomic.Int64 // when the log was trimmed last, in seconds since 1970
	ringing  atomic.Int32 // 0: no, 1: yes, 2: and something has changed since
	heardNow atomic.Bool  // somebody listens at the door
}

func newFeed(log changeLog, listen func(context.Context, string, func()) error) *feed {
	return &feed{log: log, listen: listen, wake: make(chan struct{}, 1)}
}

// subscribe implements [store.Feed].
func (f *feed) subscribe(tell func(store.Notice), prepare func(context.Context) error) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	mute := f.Hub.Subscribe(tell)
	if f.whole {
		tell(store.Notice{Kind: store.Beat, At: f.beat})
	} else {
		tell(store.Notice{Kind: store.Lost})
	}
	f.prepare = prepare
	if f.ears++; f.ears == 1 && !f.closed {
		f.start()
	}
	return sync.OnceFunc(func() {
		mute()
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.ears--; f.ears == 0 && f.end != nil {
			f.end()
			f.whole = false
		}
	})
}

// start runs what listens, under the lock.
func (f *feed) start() {
	ctx, end := context.WithCancel(context.Background())
	f.end = end
	f.heardNow.Store(f.listen != nil)
	f.running.Go(func() { f.look(ctx) })
	if f.listen != nil {
		f.running.Go(func() { f.answer(ctx) })
	}
}

// look tells what changes until ctx ends.
func (f *feed) look(ctx context.Context) {
	var next func(context.Context) ([]store.Notice, error)
	var beat time.Time
	for ctx.Err() == nil {
		if next == nil {
			next = f.log.follow()
		}
		at := time.Now() // whatever was durable by now is in what comes
		switch notices, err := f.once(ctx, next); {
		case err != nil:
			next, beat = nil, time.Time{}
			f.say(ctx, store.Notice{Kind: store.Lost})
		default:
			for _, n := range notices {
				f.Publish(n)
			}
			if at.Sub(beat) >= beatEvery-lookEvery/2 && f.say(ctx, store.Notice{Kind: store.Beat, At: at}) {
				beat = at
			}
		}
		f.rest(ctx)
	}
}

// once looks one time.
func (f *feed) once(ctx context.Context, next func(context.Context) ([]store.Notice, error)) ([]store.Notice, error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	f.mu.Lock()
	prepare := f.prepare
	f.mu.Unlock()
	if err := prepare(ctx); err != nil {
		return nil, err
	}
	return next(ctx)
}

// say tells whether the feed is whole, unless it has been ended: whoever subscribes after that hears it of the next one.
func (f *feed) say(ctx context.Context, n store.Notice) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	whole := n.Kind == store.Beat
	if whole || f.whole {
		f.Publish(n)
	}
	if f.whole = whole; whole {
		f.beat = n.At
	}
	return true
}

// rest waits until there may be something to see.
func (f *feed) rest(ctx context.Context) {
	pause := lookEvery
	if f.heardNow.Load() {
		pause = listenLook
	}
	select {
	case <-time.After(lookPause):
	case <-ctx.Done():
	}
	timer := time.NewTimer(pause - lookPause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.wake:
	case <-ctx.Done():
	}
}

// rouse ends a rest.
func (f *feed) rouse() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// channel is where PostgreSQL's notifications go. They say only that there is something to see: one that is lost costs a
// moment.
const channel = "coatcheck_changes"

// answer has somebody listen at the door until ctx ends.
func (f *feed) answer(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		f.heardNow.Store(true)
		_ = f.listen(ctx, channel, f.rouse) // without it the feed is slower, and whole all the same
		f.heardNow.Store(false)
		f.rouse()
		select {
		case <-time.After(max(0, time.Second-time.Since(began))):
		case <-ctx.Done():
		}
	}
}

// wrote is told after each change of this process: it shows in its own feed at once, and soon in those of others.
func (f *feed) wrote() {
	f.rouse()
	if f.listen != nil && f.ringing.Swap(2) == 0 {
		f.behind(f.ring)
	}
	now := time.Now().Unix()
	if last := f.trimmed.Load(); now-last >= int64(trimEvery/time.Second) && f.trimmed.CompareAndSwap(last, now) {
		f.behind(func(ctx context.Context) { _ = f.log.trim(ctx) }) // or the next time
	}
}

// ring wakes the others. What changes while it is on its way goes with the next one, so that there is no more than one at
// a time.
func (f *feed) ring(ctx context.Context) {
	for {
		f.ringing.Store(1)
		err := f.log.ring(ctx)
		if f.ringing.CompareAndSwap(1, 0) {
			return
		}
		if err != nil { // they look by themselves
			f.ringing.Store(0)
			return
		}
	}
}

// behind does something that no caller waits for.
func (f *feed) behind(do func(context.Context)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), lookLimit)
		defer cancel()
		do(ctx)
	})
}

// close ends what runs, and tells subscribers that they hear no more.
func (f *feed) close(ctx context.Context) error {
	f.mu.Lock()
	f.closed, f.whole = true, false
	if f.end != nil {
		f.end()
	}
	f.mu.Unlock()
	done := make(chan struct{})
	go func() {
		f.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		f.Publish(store.Notice{Kind: store.Lost})
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
