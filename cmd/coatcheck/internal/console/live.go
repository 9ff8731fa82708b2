package console

import (
	"context"
	"sync"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

const (
	maxStreams = 32              // open pages that can follow at once; each holds a connection
	pollEvery  = 2 * time.Second // where no feed tells of changes
)

// live tells open pages that something has changed, and not what. Each page then asks for its content again, and gets
// what its operator may see by then.
type live struct {
	sessions *session.Manager
	fed      bool // a feed tells of changes, so that nobody has to poll

	mu      sync.Mutex
	streams map[*stream]struct{}
	closed  bool
	stop    context.CancelFunc // of polling; nil while nobody polls
}

// A stream is one open page.
type stream struct {
	operator store.ID      // the console's session that it belongs to
	changed  chan struct{} // holds one value while there is something to tell
	over     chan struct{} // closed when the stream has to end
	signOut  bool          // it ends because the operator's session has; set before over is closed
}

func newLive(sessions *session.Manager, fed bool) *live {
	return &live{sessions: sessions, fed: fed, streams: make(map[*stream]struct{})}
}

// join adds a stream, unless there are too many, or the console is closed.
func (l *live) join(operator store.ID) (*stream, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.streams) >= maxStreams {
		return nil, false
	}
	s := &stream{operator: operator, changed: make(chan struct{}, 1), over: make(chan struct{})}
	l.streams[s] = struct{}{}
	if l.stop == nil && !l.fed {
		ctx, stop := context.WithCancel(context.Background())
		l.stop = stop
		go l.poll(ctx)
	}
	return s, true
}

// leave removes a stream. The last one ends polling.
func (l *live) leave(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.streams, s)
	l.rest()
}

// rest stops polling when nobody is there. The caller holds the lock.
func (l *live) rest() {
	if len(l.streams) == 0 && l.stop != nil {
		l.stop()
		l.stop = nil
	}
}

// notice hears of every change. What a save changes is not shown, so pages do not hear of it.
func (l *live) notice(n store.Notice) {
	if n.Kind != store.Saved {
		l.change()
	}
}

// change tells every stream. Two changes in a row may be told as one.
func (l *live) change() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.streams {
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
}

// end ends the streams of an operator who is no longer signed in.
func (l *live) end(operator store.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.streams {
		if s.operator == operator {
			s.signOut = true
			l.finish(s)
		}
	}
	l.rest()
}

// close ends every stream, and lets no new one begin.
func (l *live) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for s := range l.streams {
		l.finish(s)
	}
	l.rest()
}

// finish tells a stream that it is over, and removes it, so that this happens once.
func (l *live) finish(s *stream) {
	delete(l.streams, s)
	close(s.over)
}

// A snapshot tells two states of all sessions apart: one that begins is the newest, and one that ends makes them fewer.
type snapshot struct {
	newest store.ID
	count  int
	failed bool
}

// poll looks for changes until the context ends. Its first look counts as a change, because the page was made earlier.
func (l *live) poll(ctx context.Context) {
	var last *snapshot
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		now := l.look(ctx)
		if last == nil || now != *last {
			l.change()
		}
		last = &now
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (l *live) look(ctx context.Context) snapshot {
	count, err := l.sessions.Count(ctx, "")
	if err != nil {
		return snapshot{failed: true}
	}
	infos, _, err := l.sessions.Browse(ctx, store.Query{Limit: 1})
	if err != nil {
		return snapshot{failed: true}
	}
	now := snapshot{count: count}
	if len(infos) > 0 {
		now.newest = infos[0].Handle
	}
	return now
}
