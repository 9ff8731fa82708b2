package session

import (
	"sync"
	"time"

	"coatcheck.dev/store"
)

// Done returns a channel that is closed when the session ends, by sign-out, revocation or expiry, or when the request
// does. A handler that goes on for long, such as a WebSocket or a stream of events, selects on it and stops. For a
// visitor for whom nothing is stored, only the request's end closes it.
//
// A store with a feed is heard at once; without one the session is looked at every 5 seconds.
func (s *Session) Done() <-chan struct{} {
	if s.m == nil {
		return nil
	}
	s.lock()
	defer s.mu.Unlock()
	if s.record == nil {
		return s.context().Done()
	}
	if s.done == nil {
		s.done = make(chan struct{})
		go s.m.watch(s.record, s.context().Done(), s.done)
	}
	return s.done
}

const (
	watchFed   = time.Minute     // how often a watched session is looked at although the feed tells nothing of it
	watchUnfed = 5 * time.Second // and without a feed; it is also how often a feed that can break is looked after
)

// watch closes done when the session of the record ends, or stop is closed.
func (m *Manager) watch(r *store.Record, stop <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	wake := m.watchers.add(r.ID)
	defer m.watchers.remove(r.ID, wake)
	var looked time.Time
	for {
		wait := watchFed
		if m.fed.canBreak() {
			wait = watchUnfed
		}
		wait = max(min(wait, time.Until(r.Ends())), time.Millisecond)
		timer := time.NewTimer(wait)
		select {
		case <-stop:
			timer.Stop()
			return
		case <-wake:
			timer.Stop()
		case <-timer.C:
			if now := time.Now(); m.fed.good(now) && now.Sub(looked) < watchFed && !r.Over(now) {
				continue
			}
		}
		looked = time.Now()
		ctx, cancel := detached(m.opts.StoreTimeout)
		var fresh *store.Record
		err := m.loadSwitches(ctx, time.Now())
		if err == nil {
			fresh, err = m.load(ctx, r.ID)
		}
		cancel()
		switch {
		case err != nil: // unknown: the connection goes on until its time is over
			if r.Over(time.Now()) {
				return
			}
		case fresh == nil || fresh.Over(time.Now()) || m.switches.refuses(fresh):
			return
		default:
			fresh.LastSeen = m.touches.latest(fresh.ID, fresh.LastSeen)
			r = fresh
		}
	}
}

// watchers are the channels of those who wait for the end of sessions. A channel holds one wake-up.
type watchers struct {
	mu   sync.Mutex
	byID map[store.ID]map[chan struct{}]struct{}
}

// add returns a channel that holds a wake-up already: what happened since the record was loaded was told to nobody.
func (w *watchers) add(id store.ID) chan struct{} {
	wake := make(chan struct{}, 1)
	wake <- struct{}{}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byID == nil {
		w.byID = make(map[store.ID]map[chan struct{}]struct{})
	}
	if w.byID[id] == nil {
		w.byID[id] = make(map[chan struct{}]struct{})
	}
	w.byID[id][wake] = struct{}{}
	return wake
}

func (w *watchers) remove(id store.ID, wake chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.byID[id], wake)
	if len(w.byID[id]) == 0 {
		delete(w.byID, id)
	}
}

func (w *watchers) wake(id store.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wakeEach(w.byID[id])
}

func (w *watchers) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, each := range w.byID {
		wakeEach(each)
	}
}

func wakeEach(channels map[chan struct{}]struct{}) {
	for wake := range channels {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}
