package index

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A Source has the sessions. A [session.Manager] is one.
type Source interface {
	// Browse lists live sessions, newest first.
	Browse(context.Context, store.Query) ([]session.Info, store.Cursor, error)

	// Lookup returns a live session.
	Lookup(context.Context, store.ID) (session.Info, bool, error)

	// Count returns about how many there are.
	Count(ctx context.Context, user string) (int, error)
}

// Options say what an index is of.
type Options struct {
	// Path is where its file is.
	Path string

	// Store names the store. A file of another store is made anew.
	Store string

	// Source has the sessions, and Feed tells of their changes.
	Source Source
	Feed   store.Feed

	// Lease is how long a feed is believed after its last beat. The default is 5 seconds.
	Lease time.Duration

	// CheckEvery is the shortest time from one check of all sessions to the next. The default is 10 seconds. A check
	// takes a twentieth of one processor at most, so with a million sessions it takes minutes.
	CheckEvery time.Duration

	// Log tells when the file is made anew, and of failures. The default is no log.
	Log *slog.Logger
}

// An Index finds sessions. Its methods may be called from any number of goroutines.
type Index struct {
	opts   Options
	log    *slog.Logger
	facets *facets
	cutoff atomic.Int64 // of everybody, while rows of that time may be there; 0 for none
	news   news
	health trust
	stop   context.CancelFunc
	done   chan struct{}
	unfeed func()

	watchMu sync.Mutex
	watched map[*func()]struct{}

	mu      sync.RWMutex // held to read while file is in use
	file    *database    // nil until it is whole
	damaged atomic.Bool  // it was found so
}

// OnChange has told be called whenever answers may be different from now on, until stop is called. It is to be quick.
func (x *Index) OnChange(told func()) (stop func()) {
	x.watchMu.Lock()
	defer x.watchMu.Unlock()
	if x.watched == nil {
		x.watched = make(map[*func()]struct{})
	}
	x.watched[&told] = struct{}{}
	return func() {
		x.watchMu.Lock()
		defer x.watchMu.Unlock()
		delete(x.watched, &told)
	}
}

func (x *Index) tell() {
	x.watchMu.Lock()
	defer x.watchMu.Unlock()
	for told := range x.watched {
		(*told)()
	}
}

// Open opens the index, or begins to make it, and follows the store until [Index.Close]. It does not wait for either,
// and never fails: without a file that can be written, [Index.Select] goes on telling that the index is not ready.
func Open(o Options) *Index {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Lease <= 0 {
		o.Lease = 5 * time.Second
	}
	if o.CheckEvery <= 0 {
		o.CheckEvery = 10 * time.Second
	}
	x := &Index{opts: o, log: o.Log.With("part", "index"), facets: newFacets(), done: make(chan struct{})}
	x.news.wake, x.news.urgent = make(chan struct{}, 1), make(chan struct{}, 1)
	x.health.lease = o.Lease
	ctx, stop := context.WithCancel(context.Background())
	x.stop = stop
	x.unfeed = o.Feed.Subscribe(x.notice)
	go x.run(ctx)
	return x
}

// Close stops following, and closes the file. Closing twice is harmless.
func (x *Index) Close() {
	x.unfeed()
	x.stop()
	<-x.done
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.file != nil {
		x.file.close()
		x.file = nil
	}
}

// Status says how far the index can be relied on.
type Status struct {
	Ready    bool      // queries are answered
	Checking bool      // what was there before a start or an interruption is being compared with the store
	Done, Of int       // sessions that have been looked at while it is made or checked, and about how many there are
	Rows     int       // sessions in the index
	AsOf     time.Time // all that happened before is in it; zero means up to now
	Made     int       // files that were made since the program began, as in place of a damaged one
	Checked  time.Time // when all sessions had been compared with the store last; zero if that has not been yet
	Mended   int       // sessions that were missing or wrong then, but for when they were seen
}

// Status returns it as of now.
func (x *Index) Status() Status {
	s := x.health.status(time.Now())
	s.Ready, s.Rows = x.ready(), x.facets.rows()
	return s
}

func (x *Index) ready() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.file != nil
}

// Await waits until the index is ready and whatever has happened before is in it, for tests and for what must not begin
// before. The error is that of ctx.
func (x *Index) Await(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if s := x.Status(); s.Ready && !s.Checking && s.AsOf.IsZero() && x.news.empty() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// notice hears of every change, of this node and of others. It is quick, and asks nobody.
func (x *Index) notice(n store.Notice) {
	switch n.Kind {
	case store.Created, store.Saved:
		x.news.put(func() { x.news.changed[n.ID] = false })
	case store.Deleted, store.Replaced, store.Swept:
		x.news.put(func() { x.news.changed[n.ID] = true })
	case store.UserDeleted:
		x.news.put(func() { x.news.users = append(x.news.users, n.User) })
	case store.Cutoff:
		if n.User == "" {
			x.refuse(n.At)
		}
		x.news.put(func() { x.news.cutoffs = append(x.news.cutoffs, n) })
	case store.Lost:
		x.health.hear(n)
	case store.Beat:
		if x.health.hear(n) {
			x.news.put(func() {}) // only wakes
		}
	}
}

// refuse leaves out of all answers what began at a moment or before.
func (x *Index) refuse(t time.Time) {
	for us := t.UnixMicro(); ; {
		old := x.cutoff.Load()
		if old >= us || x.cutoff.CompareAndSwap(old, us) {
			return
		}
	}
}
