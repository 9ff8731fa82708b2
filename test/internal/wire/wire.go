// Package wire puts a network between a node and a store that is in its own process: calls take their time, notices
// come late, and the feed can break, with a word or in silence. It keeps the law of package store as a store in another
// process does.
//
//	far := memory.New()
//	a, b := wire.New(far, wire.Options{Delay: 20 * time.Millisecond}), wire.New(far, wire.Options{})
//	b.Silence() // from now on b hears nothing, and nobody tells it so
//	b.Heal()    // Lost, and then Beat: as after a new connection
package wire

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// Options say how slow the network is. The zero value is one that takes no time.
type Options struct {
	Delay time.Duration // of each notice, at most; they stay in order
	Call  time.Duration // of each call, at most, on the way there and again on the way back
	Beat  time.Duration // between beats; 0 means a second
}

// A Store is a memory store at the other end of a network.
type Store struct {
	far    *memory.Store
	opts   Options
	feed   store.FeedState
	unhear func()

	mu    sync.Mutex
	state link
	line  chan parcel
	due   time.Time // when the notice before this one arrives
	end   chan struct{}

	running sync.WaitGroup
}

type link int

const (
	whole link = iota
	broken
	silent
)

// A parcel is a notice on its way.
type parcel struct {
	store.Notice
	due time.Time
}

var _ store.Feed = (*Store)(nil)

// New returns a way to the store. Close it.
func New(far *memory.Store, o Options) *Store {
	if o.Beat == 0 {
		o.Beat = time.Second
	}
	s := &Store{far: far, opts: o, line: make(chan parcel, 1<<16), end: make(chan struct{})}
	s.feed.Publish(store.Notice{Kind: store.Lost}) // until the first beat has arrived
	s.unhear = far.Subscribe(s.send)
	s.send(store.Notice{Kind: store.Beat, At: time.Now()})
	arrivals := make(chan parcel)
	s.running.Go(func() { s.arrive(arrivals) })
	s.running.Go(func() { s.carry(arrivals) })
	return s
}

// Close ends the feed without a word.
func (s *Store) Close() {
	s.unhear()
	close(s.end)
	s.running.Wait()
}

// send puts a notice on its way, if there is one.
func (s *Store) send(n store.Notice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == whole {
		s.post(n)
	}
}

func (s *Store) post(n store.Notice) {
	if due := time.Now().Add(upTo(s.opts.Delay)); due.After(s.due) {
		s.due = due
	}
	s.line <- parcel{n, s.due}
}

// carry tells what arrives, and sends the beats.
func (s *Store) carry(arrivals <-chan parcel) {
	beats := time.NewTicker(s.opts.Beat)
	defer beats.Stop()
	for {
		select {
		case p := <-arrivals:
			s.feed.Publish(p.Notice)
		case <-beats.C:
			s.send(store.Notice{Kind: store.Beat, At: time.Now()})
		case <-s.end:
			return
		}
	}
}

// arrive hands on what has been on its way for long enough.
func (s *Store) arrive(arrivals chan<- parcel) {
	for {
		select {
		case p := <-s.line:
			time.Sleep(time.Until(p.due))
			select {
			case arrivals <- p:
			case <-s.end:
				return
			}
		case <-s.end:
			return
		}
	}
}

// Break ends the connection: the node is told, at once, and hears no more.
func (s *Store) Break() { s.cut(broken) }

// Silence loses all that is sent from now on, and what is under way. Nobody is told.
func (s *Store) Silence() { s.cut(silent) }

func (s *Store) cut(to link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = to
	for len(s.line) > 0 {
		select {
		case <-s.line:
		default:
		}
	}
	if to == broken {
		s.post(store.Notice{Kind: store.Lost})
	}
}

// Heal makes a new connection, if there is none.
func (s *Store) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == whole {
		return
	}
	s.state = whole
	s.post(store.Notice{Kind: store.Lost})
	s.post(store.Notice{Kind: store.Beat, At: time.Now()})
}

// Subscribe implements [store.Feed].
func (s *Store) Subscribe(tell func(store.Notice)) (stop func()) { return s.feed.Subscribe(tell) }

func upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d)
}

// travel is the way of a call, there and back.
func (s *Store) travel(call func()) {
	time.Sleep(upTo(s.opts.Call))
	call()
	time.Sleep(upTo(s.opts.Call))
}

// Load implements [store.Store], as do the methods below.
func (s *Store) Load(ctx context.Context, id store.ID) (r store.Record, err error) {
	s.travel(func() { r, err = s.far.Load(ctx, id) })
	return r, err
}

func (s *Store) Create(ctx context.Context, r store.Record, replaces store.ID) (err error) {
	s.travel(func() { err = s.far.Create(ctx, r, replaces) })
	return err
}

func (s *Store) Save(ctx context.Context, r store.Record) (err error) {
	s.travel(func() { err = s.far.Save(ctx, r) })
	return err
}

func (s *Store) Touch(ctx context.Context, seen []store.Seen) (err error) {
	s.travel(func() { err = s.far.Touch(ctx, seen) })
	return err
}

func (s *Store) Delete(ctx context.Context, id store.ID) (existed bool, err error) {
	s.travel(func() { existed, err = s.far.Delete(ctx, id) })
	return existed, err
}

func (s *Store) DeleteUser(ctx context.Context, user string, keep ...store.ID) (ids []store.ID, err error) {
	s.travel(func() { ids, err = s.far.DeleteUser(ctx, user, keep...) })
	return ids, err
}

func (s *Store) List(ctx context.Context, q store.Query) (records []store.Record, err error) {
	s.travel(func() { records, err = s.far.List(ctx, q) })
	return records, err
}

func (s *Store) Live(
	ctx context.Context, user string, after, now time.Time, limit int,
) (live []store.Summary, err error) {
	s.travel(func() { live, err = s.far.Live(ctx, user, after, now, limit) })
	return live, err
}

func (s *Store) Count(ctx context.Context, user string, after time.Time) (n int, err error) {
	s.travel(func() { n, err = s.far.Count(ctx, user, after) })
	return n, err
}

func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (n int, err error) {
	s.travel(func() { n, err = s.far.Sweep(ctx, now, limit) })
	return n, err
}

func (s *Store) SetNotBefore(ctx context.Context, user string, t time.Time) (err error) {
	s.travel(func() { err = s.far.SetNotBefore(ctx, user, t) })
	return err
}

func (s *Store) NotBefore(ctx context.Context) (all map[string]time.Time, err error) {
	s.travel(func() { all, err = s.far.NotBefore(ctx) })
	return all, err
}
