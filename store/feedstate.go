package store

import (
	"context"
	"sync"
	"time"
)

// A FeedState is the common part of feeds across a network: their subscribers, their health, and listening to the
// server only while somebody is subscribed. With it, a store becomes a [Feed] by one function:
//
//	s.feed = store.NewFeedState(s.listen) // in New
//
//	func (s *Store) Subscribe(tell func(store.Notice)) (stop func()) { return s.feed.Subscribe(tell) }
//
// The zero value listens to nothing: its owner publishes notices. Until one of them is [Lost] or [Beat], it counts as a
// feed within the process: whole, without a word.
//
// Methods may be called from any goroutine, but not by a subscriber while it is being told something.
type FeedState struct {
	listen func(ctx context.Context, tell func(Notice))

	mu          sync.Mutex
	hub         Hub
	clock       Clock
	stands      Notice // the last Lost or Beat; zero if there was none
	subscribers int
	unlisten    context.CancelFunc // ends the call of listen; nil if there is none
	listening   sync.WaitGroup
	closed      bool
}

// NewFeedState returns the state of a feed. It is lost until its first [Beat].
//
// listen connects to the server and tells every notice. It returns when the connection breaks or ctx ends. It tells a
// Beat, with [Notice.At], as soon as no change after At can be missed any more, and again about once a second. If it
// may have missed something and goes on, it tells Lost by itself. What it tells after its return or the end of ctx is
// passed over. A Beat should tell the server's time, too ([NewBeat]): without it, sessions go by the clock of each
// node, and those have to agree to a few seconds.
//
// It runs on a goroutine of its own while there are subscribers. When it returns, Lost is told, and it is called again
// after a pause: 50 ms at first, twice as long each time up to 2 s, and 50 ms again after a Beat.
func NewFeedState(listen func(ctx context.Context, tell func(Notice))) *FeedState {
	return &FeedState{listen: listen, stands: Notice{Kind: Lost}}
}

// Subscribe implements [Feed]. Before it returns, tell is told how things stand: the last Lost or Beat.
func (f *FeedState) Subscribe(tell func(Notice)) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	leave := f.hub.Subscribe(tell)
	if f.stands.Kind != 0 {
		tell(f.stands)
	}
	if f.subscribers++; f.subscribers == 1 {
		f.start()
	}
	return sync.OnceFunc(func() {
		leave()
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.subscribers--; f.subscribers == 0 {
			f.end()
		}
	})
}

// Clock returns the clock that goes by what beats tell of the server's.
func (f *FeedState) Clock() *Clock { return &f.clock }

// Publish tells every subscriber. Notices after Close are dropped, and so is a Lost after another one, unless it
// tells the server's time.
func (f *FeedState) Publish(n Notice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.publish(n)
}

// publish is Publish with f.mu held.
func (f *FeedState) publish(n Notice) {
	if f.closed || n.Kind == Lost && f.stands.Kind == Lost && n.Server.IsZero() {
		return
	}
	f.clock.Hear(n)
	if n.Kind == Lost || n.Kind == Beat {
		f.stands = n
	}
	f.hub.Publish(n)
}

// Close tells Lost, and nothing after that. It ends the listening, and returns an error only if ctx ends first.
func (f *FeedState) Close(ctx context.Context) error {
	f.mu.Lock()
	f.publish(Notice{Kind: Lost})
	f.end()
	f.stands, f.closed = Notice{Kind: Lost}, true
	f.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		f.listening.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start begins to listen. The caller holds f.mu, here and in end.
func (f *FeedState) start() {
	if f.listen == nil || f.closed {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.unlisten = cancel
	f.listening.Go(func() { f.relisten(ctx) })
}

// end stops listening. Nobody is left to be told Lost; the next subscriber is.
func (f *FeedState) end() {
	if f.unlisten == nil {
		return
	}
	f.unlisten()
	f.unlisten, f.stands = nil, Notice{Kind: Lost}
}

// Pauses between two calls of listen.
const (
	relistenPause    = 50 * time.Millisecond
	relistenPauseMax = 2 * time.Second
)

// relisten listens again and again until ctx ends.
func (f *FeedState) relisten(ctx context.Context) {
	for pause := relistenPause; ctx.Err() == nil; pause = min(2*pause, relistenPauseMax) {
		if f.listenOnce(ctx) {
			pause = relistenPause
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// listenOnce listens over one connection, and reports whether there was a Beat. Its own context ends with the
// connection, so nothing is told after the final Lost.
func (f *FeedState) listenOnce(ctx context.Context) (beat bool) {
	alive, cancel := context.WithCancel(ctx)
	defer cancel()
	f.listen(alive, func(n Notice) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if alive.Err() == nil {
			beat = beat || n.Kind == Beat
			f.publish(n)
		}
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() == nil {
		f.publish(Notice{Kind: Lost})
	}
	cancel() // while nothing can be told
	return beat
}
