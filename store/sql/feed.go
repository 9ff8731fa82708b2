package sqlstore

import (
	"context"
	"errors"
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
// after a change of this process, or when another one has called.
type feed struct {
	state  *store.FeedState
	log    changeLog
	listen func(ctx context.Context, channel string, heard func()) error
	woken  chan struct{} // ends a rest

	mu       sync.Mutex
	prepare  func(context.Context) error
	closed   bool
	running  sync.WaitGroup // what is done behind the callers
	trimmed  atomic.Int64   // when the log was trimmed last, in seconds since 1970
	demoted  atomic.Bool    // the server takes no writes: another one may know more
	hangUp   func(context.Context)
	relisten context.CancelFunc // has what listens connect anew
	calling  atomic.Int32       // 0: no, 1: yes, 2: and something has changed since
	heardNow atomic.Bool        // the calls of others are listened for
}

func newFeed(log changeLog, listen func(context.Context, string, func()) error) *feed {
	f := &feed{log: log, listen: listen, woken: make(chan struct{}, 1)}
	f.hangUp, f.relisten = func(context.Context) {}, func() {}
	f.state = store.NewFeedState(f.follow)
	return f
}

// subscribe implements [store.Feed].
func (f *feed) subscribe(tell func(store.Notice), prepare func(context.Context) error) (stop func()) {
	f.mu.Lock()
	f.prepare = prepare
	f.mu.Unlock()
	return f.state.Subscribe(tell)
}

// follow tells what changes until ctx ends.
func (f *feed) follow(ctx context.Context, tell func(store.Notice)) {
	var listening sync.WaitGroup
	defer listening.Wait()
	defer f.demoted.Store(false) // nobody looks any more
	f.heardNow.Store(f.listen != nil)
	if f.listen != nil {
		listening.Go(func() { f.hearOthers(ctx) })
	}
	var next look
	var beat time.Time
	for ctx.Err() == nil {
		if next == nil {
			next = f.log.follow()
		}
		at := time.Now() // whatever was durable by now is in what comes
		notices, server, err := f.once(ctx, next)
		answered := time.Now()
		f.demoted.Store(errors.Is(err, errNoWriter))
		switch {
		case err != nil:
			next, beat = nil, time.Time{}
			tell(store.Notice{Kind: store.Lost})
			if f.demoted.Load() {
				f.redial(ctx)
			}
		default:
			for _, n := range notices {
				tell(n)
			}
			if at.Sub(beat) >= beatEvery-lookEvery/2 {
				beat = at
				tell(store.NewBeat(at, server, answered))
			}
		}
		f.rest(ctx)
	}
}

// redial closes connections that lead to a server that takes no writes: a new one may lead to another.
func (f *feed) redial(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	f.hangUp(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.relisten()
}

// once looks one time.
func (f *feed) once(ctx context.Context, next look) ([]store.Notice, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	f.mu.Lock()
	prepare := f.prepare
	f.mu.Unlock()
	if err := prepare(ctx); err != nil {
		return nil, time.Time{}, err
	}
	return next(ctx)
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
	case <-f.woken:
	case <-ctx.Done():
	}
}

// wake ends a rest.
func (f *feed) wake() {
	select {
	case f.woken <- struct{}{}:
	default:
	}
}

// channel is where PostgreSQL's notifications go. They say only that there is something to see: one that is lost costs
// some time.
const channel = "coatcheck_changes"

// hearOthers listens for the calls of other processes until ctx ends.
func (f *feed) hearOthers(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		f.heardNow.Store(true)
		listening, cancel := context.WithCancel(ctx)
		f.mu.Lock()
		f.relisten = cancel
		f.mu.Unlock()
		_ = f.listen(listening, channel, f.wake) // without it the feed is slower, and whole all the same
		cancel()
		f.heardNow.Store(false)
		f.wake()
		select {
		case <-time.After(max(0, time.Second-time.Since(began))):
		case <-ctx.Done():
		}
	}
}

// wrote is told after each change of this process: it shows in its own feed at once, and soon in those of others.
func (f *feed) wrote() {
	f.wake()
	if f.listen != nil && f.calling.Swap(2) == 0 {
		f.behind(f.callOthers)
	}
	now := time.Now().Unix()
	if last := f.trimmed.Load(); now-last >= int64(trimEvery/time.Second) && f.trimmed.CompareAndSwap(last, now) {
		f.behind(func(ctx context.Context) { _ = f.log.trim(ctx) }) // or the next time
	}
}

// callOthers wakes other processes. What changes while a call is on its way goes with the next one, so that there is no
// more than one at a time.
func (f *feed) callOthers(ctx context.Context) {
	for {
		f.calling.Store(1)
		err := f.log.callOthers(ctx)
		if f.calling.CompareAndSwap(1, 0) {
			return
		}
		if err != nil { // they look by themselves
			f.calling.Store(0)
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
	f.closed = true
	f.mu.Unlock()
	if err := f.state.Close(ctx); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		f.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
