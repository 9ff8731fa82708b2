package event

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// floods holds back the warnings that strangers cause, so that nobody can fill the log.
type floods struct {
	log *slog.Logger

	mu   sync.Mutex
	open map[cause]int // how many were held back in the current period
}

// A cause is what many events have in common. Reasons of these kinds are texts of the program, so there are few.
type cause struct {
	kind   Kind
	reason string
}

// floodPeriod is how long one line speaks for all that follow.
const floodPeriod = time.Minute

// anybody reports whether events of this kind need no session: a client alone can cause as many as it likes.
func (k Kind) anybody() bool {
	switch k {
	case Forged, Duplicate, Limit, Clash, CrossSite, StateMalformed, UnknownCookie:
		return true
	}
	return false
}

// hold reports whether another line has been written for the same cause within the period. If not, it begins one.
func (f *floods) hold(e Event) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := cause{e.Kind, e.Reason}
	if _, ok := f.open[c]; ok {
		f.open[c]++
		return true
	}
	if f.open == nil {
		f.open = make(map[cause]int)
	}
	f.begin(c)
	return false
}

// begin begins a period. The caller holds f.mu.
func (f *floods) begin(c cause) {
	f.open[c] = 0
	time.AfterFunc(floodPeriod, func() { f.end(c) })
}

// end tells how many were held back, if any were, and goes on with the next period then.
func (f *floods) end(c cause) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.open[c]
	if n == 0 {
		delete(f.open, c)
		return
	}
	f.log.LogAttrs(context.Background(), c.kind.level(), string(c.kind), slog.String("reason", c.reason),
		slog.Int("count", n), slog.Duration("within", floodPeriod))
	f.begin(c)
}
