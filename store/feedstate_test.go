package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/store"
)

// A listener remembers what it was told.
type listener struct {
	mu   sync.Mutex
	told []store.Notice
}

func (e *listener) tell(n store.Notice) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.told = append(e.told, n)
}

// wants checks the kinds of what was told since it was called last.
func (e *listener) wants(t *testing.T, when string, want ...store.NoticeKind) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	var kinds []store.NoticeKind
	for _, n := range e.told {
		kinds = append(kinds, n.Kind)
	}
	if e.told = nil; !slices.Equal(kinds, want) {
		t.Errorf("%s: told %v, want %v", when, kinds, want)
	}
}

// A server is what a feed listens to: it has the connections that are open, and ends them.
type server struct {
	mu   sync.Mutex
	open []chan func(tell func(store.Notice)) // of each connection; what is sent there is called by it
}

// listen is the function of a feed.
func (s *server) listen(ctx context.Context, tell func(store.Notice)) {
	calls := make(chan func(tell func(store.Notice)))
	s.mu.Lock()
	s.open = append(s.open, calls)
	s.mu.Unlock()
	for {
		select {
		case call, ok := <-calls:
			if !ok {
				return
			}
			call(tell)
		case <-ctx.Done():
			return
		}
	}
}

// last returns the latest connection, of n that there have been.
func (s *server) last(t *testing.T, n int) chan func(tell func(store.Notice)) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) != n {
		t.Fatalf("%d connections so far, want %d", len(s.open), n)
	}
	return s.open[n-1]
}

func tells(kind store.NoticeKind) func(func(store.Notice)) {
	return func(tell func(store.Notice)) { tell(store.Notice{Kind: kind, At: time.Now()}) }
}

// Whoever subscribes is told how things stand before Subscribe returns.
func TestFeedStateTellsHowThingsStand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s server
		f := store.NewFeedState(s.listen)
		var a, b, c listener
		stopA := f.Subscribe(a.tell)
		a.wants(t, "the first", store.Lost)
		line, at := s.last(t, 1), time.Now()
		line <- tells(store.Beat)
		line <- tells(store.Saved)
		synctest.Wait()
		a.wants(t, "connected", store.Beat, store.Saved)
		time.Sleep(time.Second)
		stopB := f.Subscribe(func(n store.Notice) {
			b.tell(n)
			if !n.At.Equal(at) {
				t.Errorf("told a beat of %v, want that of %v", n.At, at)
			}
		})
		b.wants(t, "while it is whole", store.Beat)
		stopB()
		line <- tells(store.Lost)
		line <- tells(store.Lost) // says nothing new
		synctest.Wait()
		a.wants(t, "lost", store.Lost)
		stopC := f.Subscribe(c.tell)
		c.wants(t, "while it is lost", store.Lost)
		stopA()
		stopC()
		if err := f.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// It listens while there are subscribers, and no longer.
func TestFeedStateListensForSubscribers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s server
		f := store.NewFeedState(s.listen)
		var a, b listener
		stopA, stopB := f.Subscribe(a.tell), f.Subscribe(b.tell)
		line := s.last(t, 1)
		line <- tells(store.Beat)
		synctest.Wait()
		stopA()
		stopA()
		line <- tells(store.Saved)
		synctest.Wait()
		b.wants(t, "one of two", store.Lost, store.Beat, store.Saved)
		stopB()
		synctest.Wait()
		select {
		case line <- tells(store.Saved):
			t.Error("somebody listens, for nobody")
		default:
		}
		var c listener
		stop := f.Subscribe(c.tell)
		c.wants(t, "who comes later knows nothing of what was before", store.Lost)
		s.last(t, 2) <- tells(store.Beat)
		synctest.Wait()
		c.wants(t, "a connection of its own", store.Beat)
		stop()
	})
}

// A connection that breaks is made anew: soon at first, then every 2 seconds, and soon again after a beat.
func TestFeedStateConnectsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s server
		f := store.NewFeedState(s.listen)
		var a listener
		defer f.Subscribe(a.tell)()
		n := 1
		breaks := func(after time.Duration) {
			t.Helper()
			close(s.last(t, n))
			time.Sleep(after - time.Nanosecond)
			s.last(t, n)
			time.Sleep(time.Nanosecond)
			n++
			s.last(t, n)
		}
		for _, after := range []int{50, 100, 200, 400, 800, 1600, 2000, 2000} {
			breaks(time.Duration(after) * time.Millisecond)
		}
		a.wants(t, "never connected", store.Lost)
		s.last(t, n) <- tells(store.Beat)
		breaks(50 * time.Millisecond)
		a.wants(t, "a connection that broke", store.Beat, store.Lost)
	})
}

// Nothing is told for a connection that has ended, whoever still hears something there.
func TestFeedStateIgnoresDeadConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s server
		f := store.NewFeedState(s.listen)
		var a listener
		stop := f.Subscribe(a.tell)
		line := s.last(t, 1)
		var late func(store.Notice)
		line <- func(tell func(store.Notice)) { late = tell }
		close(line)
		synctest.Wait()
		late(store.Notice{Kind: store.Beat, At: time.Now()})
		a.wants(t, "after its connection", store.Lost)
		s.last(t, 1)
		time.Sleep(time.Second)
		line = s.last(t, 2)
		line <- func(tell func(store.Notice)) { late = tell }
		line <- tells(store.Beat)
		synctest.Wait()
		stop()
		stop = f.Subscribe(a.tell)
		late(store.Notice{Kind: store.Beat, At: time.Now()})
		late(store.Notice{Kind: store.Saved})
		a.wants(t, "after the subscription it was for", store.Beat, store.Lost)
		stop()
	})
}

// After Close nobody is told anything but that the feed is lost.
func TestFeedStateClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s server
		f := store.NewFeedState(s.listen)
		var a, b listener
		f.Subscribe(a.tell)
		line := s.last(t, 1)
		line <- tells(store.Beat)
		synctest.Wait()
		for range 2 {
			if err := f.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		a.wants(t, "closed", store.Lost, store.Beat, store.Lost)
		f.Publish(store.Notice{Kind: store.Beat})
		defer f.Subscribe(b.tell)()
		a.wants(t, "after that")
		b.wants(t, "who comes later", store.Lost)
		s.last(t, 1)
	})
	synctest.Test(t, func(t *testing.T) {
		f := store.NewFeedState(func(context.Context, func(store.Notice)) { time.Sleep(time.Minute) })
		defer f.Subscribe(func(store.Notice) {})()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.Close(ctx); err != context.DeadlineExceeded {
			t.Errorf("closed in time: %v", err)
		}
		time.Sleep(time.Hour)
	})
}

// The zero value is the feed of a store within the process until something else is published.
func TestZeroFeedState(t *testing.T) {
	var f store.FeedState
	var a, b listener
	defer f.Subscribe(a.tell)()
	f.Publish(store.Notice{Kind: store.Saved})
	a.wants(t, "within the process", store.Saved)
	f.Publish(store.Notice{Kind: store.Lost})
	f.Publish(store.Notice{Kind: store.Beat})
	a.wants(t, "of others", store.Lost, store.Beat)
	defer f.Subscribe(b.tell)()
	b.wants(t, "who comes later", store.Beat)
}

// A feed's clock goes by what beats tell, and by a Lost that tells the time although nothing else has changed.
func TestFeedStateClock(t *testing.T) {
	var a listener
	f := store.NewFeedState(func(context.Context, func(store.Notice)) {})
	defer f.Subscribe(a.tell)()
	now := time.Now()
	n := store.NewBeat(now, now.Add(time.Hour), now)
	n.Kind = store.Lost
	f.Publish(n)
	a.wants(t, "lost, and again with the time", store.Lost, store.Lost)
	if got := f.Clock().Skew(now); got != -time.Hour {
		t.Errorf("the skew is %v", got)
	}
}

// How a store that listens to a server becomes a feed.
func ExampleNewFeedState() {
	feed := store.NewFeedState(func(ctx context.Context, tell func(store.Notice)) {
		// Connect here, and go on until the connection breaks or ctx ends.
		tell(store.Notice{Kind: store.Beat, At: time.Now()})
		tell(store.Notice{Kind: store.Deleted, ID: store.ID{1}})
		<-ctx.Done()
	})
	heard := make(chan store.Notice, 3)
	stop := feed.Subscribe(func(n store.Notice) { heard <- n })
	defer stop()
	fmt.Println((<-heard).Kind == store.Lost, (<-heard).Kind == store.Beat, (<-heard).Kind == store.Deleted)
	// Output: true true true
}
