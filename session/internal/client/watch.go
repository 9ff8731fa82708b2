package client

import (
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"coatcheck.dev/store"
)

const (
	// watchFed is how often a watched session is looked at although the feed is whole and tells nothing of it.
	watchFed = time.Minute

	// confirmFor is how long a watched session counts as live after it was last known to be: from a look at the
	// store, or because the feed would have told of its end.
	confirmFor = beatBelieved

	// watchUnsure is how long after that the store is asked. The rest of the time is for asking again.
	watchUnsure = confirmFor / 2

	// lookAtLeast is what a look gets although its time is over, because the machine has stood still: all sessions
	// that it watches would end otherwise.
	lookAtLeast = 500 * time.Millisecond

	// watchSpread is over how long looks are spread that are due for all at once, or that have failed.
	watchSpread = 400 * time.Millisecond
)

// Watch closes done when the session of the record ends, or stop is closed. It returns then.
//
// News of the end is the end: nobody asks the store again. A session that neither the feed nor the store confirms ends
// the watch as well, once it is confirmFor ago that one of them did.
//
// The feed confirms nothing of a session that has not been looked at since the feed was interrupted: it may have ended
// then, and nobody tells again.
func (c *Client) Watch(r *store.Record, stop <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	w := c.watchers.add(r)
	defer c.watchers.remove(w)
	seen := sighting{time.Now(), never}
	due, next := true, time.Duration(0) // what came after the load was told to nobody
	for {
		timer := time.NewTimer(next)
		select {
		case <-stop:
			timer.Stop()
			return
		case <-w.ended:
			timer.Stop()
			return
		case <-w.look:
			timer.Stop()
			due, next = true, rand.N(watchSpread)
			continue
		case <-timer.C:
		}
		now := time.Now()
		if next = c.untilLook(r, seen, now); next > 0 && !due {
			continue
		}
		asked := sighting{now, c.health.generation()}
		fresh, err := c.lookBy(c.confirmed(seen).Add(confirmFor), r.ID)
		now = time.Now()
		switch {
		case err == nil && (fresh == nil || c.Over(fresh, c.Now()) || c.Refuses(fresh.User, fresh.CreatedAt)):
			return
		case err == nil:
			fresh.LastSeen = c.LastSeen(fresh.ID, fresh.LastSeen)
			r, seen, due = fresh, asked, false
			next = c.untilLook(r, seen, now)
		case c.Over(r, c.Now()):
			return
		case !c.health.canBreak() || seen.generation == c.health.generation() && c.health.good(now):
			next = watchUnsure // the feed would tell
		case now.Sub(c.confirmed(seen)) >= confirmFor:
			return
		default:
			next = watchSpread/4 + rand.N(watchSpread)
		}
	}
}

// A sighting is a look that has found a session live: when it was asked for, and in which generation of the feed.
type sighting struct {
	at         time.Time
	generation uint64
}

// never is the generation of a session that nobody has looked at.
const never = math.MaxUint64

// confirmed returns when a session was last known to be live.
func (c *Client) confirmed(seen sighting) time.Time {
	if heard := c.health.heard(); seen.generation == c.health.generation() {
		return later(seen.at, heard)
	}
	return seen.at
}

// untilLook returns how long at the time now a session need not be looked at.
func (c *Client) untilLook(r *store.Record, seen sighting, now time.Time) time.Duration {
	look := seen.at.Add(watchFed)
	if c.health.canBreak() {
		look = earlier(look, c.confirmed(seen).Add(watchUnsure))
	}
	return min(look.Sub(now), r.Ends().Sub(c.Time(now)))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

var errTooLate = errors.New("session: the store has not answered in time")

// lookBy is look for those who do not wait any longer than until a moment, but at least lookAtLeast. A call that has
// begun goes on without them.
func (c *Client) lookBy(until time.Time, id store.ID) (*store.Record, error) {
	type answer struct {
		r   *store.Record
		err error
	}
	answered := make(chan answer, 1)
	go func() {
		r, err := c.look(id)
		answered <- answer{r, err}
	}()
	timer := time.NewTimer(max(time.Until(until), lookAtLeast))
	defer timer.Stop()
	select {
	case a := <-answered:
		return a.r, a.err
	case <-timer.C:
		return nil, errTooLate
	}
}

// look loads a record, for nobody's request.
func (c *Client) look(id store.ID) (*store.Record, error) {
	ctx, cancel := c.detached()
	defer cancel()
	if err := c.LoadCutoffs(ctx); err != nil {
		return nil, err
	}
	return c.Load(ctx, id)
}

// A watcher waits for the end of a session.
type watcher struct {
	id      store.ID
	user    string
	created time.Time

	look  chan struct{} // holds one call to look at the session
	ended chan struct{} // closed when the end is known
}

func (w *watcher) lookSoon() {
	select {
	case w.look <- struct{}{}:
	default:
	}
}

// watchers are all who wait.
type watchers struct {
	mu   sync.Mutex
	byID map[store.ID]map[*watcher]struct{}
}

// add returns a watcher for the end of the record's session.
func (ws *watchers) add(r *store.Record) *watcher {
	w := &watcher{r.ID, r.User, r.CreatedAt, make(chan struct{}, 1), make(chan struct{})}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.byID == nil {
		ws.byID = make(map[store.ID]map[*watcher]struct{})
	}
	if ws.byID[w.id] == nil {
		ws.byID[w.id] = make(map[*watcher]struct{})
	}
	ws.byID[w.id][w] = struct{}{}
	return w
}

func (ws *watchers) remove(w *watcher) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.byID[w.id], w)
	if len(ws.byID[w.id]) == 0 {
		delete(ws.byID, w.id)
	}
}

// end tells those who wait for the end of a session that it has come.
func (ws *watchers) end(id store.ID) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.byID[id] {
		close(w.ended)
	}
	delete(ws.byID, id)
}

// endIf is end for all sessions that a cut-off refuses.
func (ws *watchers) endIf(refuses func(user string, created time.Time) bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for id, each := range ws.byID {
		for w := range each {
			if refuses(w.user, w.created) {
				close(w.ended)
				delete(each, w)
			}
		}
		if len(each) == 0 {
			delete(ws.byID, id)
		}
	}
}

// lookAt has those look at a session who wait for its end.
func (ws *watchers) lookAt(id store.ID) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.byID[id] {
		w.lookSoon()
	}
}

// lookIf has all those look at their session of whom it is true.
func (ws *watchers) lookIf(concerns func(*watcher) bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, each := range ws.byID {
		for w := range each {
			if !concerns(w) {
				break // all of a session have the same user
			}
			w.lookSoon()
		}
	}
}
