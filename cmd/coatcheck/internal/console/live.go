package console

import (
	"sync"

	"coatcheck.dev/store"
)

const maxStreams = 32 // open pages that can follow at once; each holds a connection

// live tells open pages that something has changed, and not what. Each page then asks for its content again, and gets
// what its operator may see by then.
type live struct {
	mu      sync.Mutex
	streams map[*stream]struct{}
	closed  bool
}

// A stream is one open page.
type stream struct {
	operator store.ID      // the console's session that it belongs to
	changed  chan struct{} // holds one value while there is something to tell
	over     chan struct{} // closed when the stream has to end
	signOut  bool          // it ends because the operator's session has; set before over is closed
}

func newLive() *live { return &live{streams: make(map[*stream]struct{})} }

// join adds a stream, unless there are too many, or the console is closed.
func (l *live) join(operator store.ID) (*stream, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.streams) >= maxStreams {
		return nil, false
	}
	s := &stream{operator: operator, changed: make(chan struct{}, 1), over: make(chan struct{})}
	l.streams[s] = struct{}{}
	return s, true
}

func (l *live) leave(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.streams, s)
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
}

// close ends every stream, and lets no new one begin.
func (l *live) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for s := range l.streams {
		l.finish(s)
	}
}

// finish tells a stream that it is over, and removes it, so that this happens once.
func (l *live) finish(s *stream) {
	delete(l.streams, s)
	close(s.over)
}
