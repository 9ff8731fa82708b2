package chaos

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// bound is how long after its acknowledged end a session may still be accepted: that of the lease, and what two clocks
// of one machine may differ by while it is busy.
const bound = lease + 250*time.Millisecond

// streamBound is how long a stream may go on after that. Nothing new is let in by it, so that it may take longer: what
// cannot be confirmed for five seconds ends.
const streamBound = lease + 6*time.Second

// emptyBound is the same for sessions whose records somebody has removed from the store by hand: a cache asks again
// after so long.
const emptyBound = 10*time.Second + 250*time.Millisecond

// emptyStreamBound is the same for their streams, which are looked at once a minute while the feed is whole.
const emptyStreamBound = time.Minute + emptyBound + time.Second

// A life is what the referee knows of one session.
type life struct {
	user    string
	tickets []string       // that its browser was given, the last one last
	acked   map[string]int // by tab: the last change that was acknowledged
	tried   map[string]int // and that was asked for
	torn    bool           // the store was emptied while it began
	ending  bool           // somebody has asked for its end
	ended   time.Time      // and got it
	over    time.Time      // from then on nobody may accept it
	streams time.Duration  // how long its streams may go on after its end
}

// A referee keeps what was acknowledged and looks at each answer.
type referee struct {
	t     testing.TB
	began time.Time

	mu      sync.Mutex
	lives   []*life
	graves  []*life   // those that have ended
	still   time.Time // until then a node could do nothing
	emptied time.Time // until then the store was emptied
	counts  struct{ in, out, changes, rotations, looks, haunts, streams, refused int }
}

func newReferee(t testing.TB) *referee { return &referee{t: t, began: time.Now()} }

// born notes a sign-in that was acknowledged, and asked for at a time. If the store has been emptied since, it may have
// been lost, or half of it: a sign-out of its user everywhere may then miss it.
func (r *referee) born(user, ticket string, asked time.Time) *life {
	l := &life{user: user, tickets: []string{ticket}, acked: make(map[string]int), tried: make(map[string]int)}
	r.mu.Lock()
	defer r.mu.Unlock()
	l.torn = asked.Before(r.emptied)
	l.ending = l.torn
	r.lives = append(r.lives, l)
	r.counts.in++
	return l
}

// ending notes that somebody asks for the end of a session: from now on it may be there or not.
func (r *referee) ending(l *life) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l.ending = true
}

// buried notes that the end was acknowledged.
func (r *referee) buried(l *life) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !l.torn {
		r.grave(l, bound, streamBound)
	}
	r.counts.out++
}

func (r *referee) grave(l *life, within, streams time.Duration) {
	if l.ended.IsZero() {
		l.ending, l.ended = true, time.Now()
		l.over, l.streams = l.ended.Add(within), streams
		r.graves = append(r.graves, l)
	}
}

// empty has all records removed from the store, which ends all sessions.
func (r *referee) empty(remove func()) {
	r.mu.Lock()
	for _, l := range r.lives {
		l.ending = true
	}
	doomed := len(r.lives)
	r.mu.Unlock()
	remove()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.emptied = time.Now()
	for i, l := range r.lives {
		if l.ending = true; i < doomed { // the others began meanwhile: before it or after it
			r.grave(l, emptyBound, emptyStreamBound)
		}
	}
}

// stoodStill notes that a node could do nothing until now.
func (r *referee) stoodStill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.still = time.Now()
}

// seen looks at an answer to the owner of a session, who is told to be user.
func (r *referee) seen(l *life, n *node, user string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.looks++
	switch {
	case user == l.user || l.ending && user == "":
	case user == "":
		r.foul("%s is signed out at %s, and nobody has asked for it", l.user, n.url)
	default:
		r.foul("%s is taken for %q at %s", l.user, user, n.url)
	}
}

// haunted looks at an answer to somebody who has shown a ticket of a session that is over, since the moment asked.
func (r *referee) haunted(l *life, n *node, user string, asked time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.haunts++
	if user != "" {
		r.foul("%s takes a ticket of %s for %q, %v after its end", n.url, l.user, user, asked.Sub(l.ended))
	}
}

// flowed looks at a byte of a stream.
func (r *referee) flowed(l *life, n *node, began time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	end := l.ended
	if end.Before(r.still) {
		end = r.still
	}
	if !l.ended.IsZero() && time.Since(end) > l.streams {
		r.foul("a stream of %s at %s, begun %v before its end, goes on %v after it",
			l.user, n.url, l.ended.Sub(began), time.Since(l.ended))
	}
}

func (r *referee) foul(format string, args ...any) {
	r.t.Errorf("%v: %s", time.Since(r.began).Round(time.Millisecond), fmt.Sprintf(format, args...))
}

// tomb returns one of the latest sessions that nobody may accept any more, and one of its tickets.
func (r *referee) tomb(pick func(int) int) (*life, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	var over []*life
	for i := len(r.graves); i > 0 && len(over) < 40; i-- {
		if l := r.graves[i-1]; l.over.Before(now) {
			over = append(over, l)
		}
	}
	if len(over) == 0 {
		return nil, ""
	}
	l := over[pick(len(over))]
	return l, l.tickets[len(l.tickets)-1-pick(min(len(l.tickets), 2))]
}

// judge asks all nodes for all sessions, when all is well again.
func (w *world) judge() {
	w.Helper()
	b := newBrowser(w, 0)
	for _, l := range w.lives {
		for _, n := range w.nodes {
			a := b.send(n, "GET", "/me", l.tickets[len(l.tickets)-1])
			switch {
			case a.status != 200:
				w.Errorf("%s at %s: %d %s", l.user, n.url, a.status, a.body)
			case !l.ended.IsZero() && a.User != "":
				w.Errorf("%s has ended, and is %q at %s", l.user, a.User, n.url)
			case !l.ending && a.User != l.user:
				w.Errorf("%s is %q at %s", l.user, a.User, n.url)
			case !l.ending:
				w.kept(l, n, a)
			}
		}
	}
	w.Logf("faults: %v", w.done)
	w.Logf("of %d lives: %+v", len(w.lives), w.counts)
	c := w.counts
	if c.in == 0 || c.out == 0 || c.changes == 0 || c.haunts == 0 || c.streams == 0 {
		w.Error("something was never tried")
	}
}

// kept checks that no acknowledged change is lost.
func (w *world) kept(l *life, n *node, a reply) {
	w.Helper()
	for tab, acked := range l.acked {
		if got := a.Counts[tab]; got < acked || got > l.tried[tab] {
			w.Errorf("%s at %s: tab %s has counted to %d, %d was acknowledged and %d asked for",
				l.user, n.url, tab, got, acked, l.tried[tab])
		}
	}
}
