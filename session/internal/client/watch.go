package client

import (
	"sync"
	"time"

	"coatcheck.dev/store"
)

const (
	watchFed   = time.Minute     // how often a watched session is looked at although the feed tells nothing of it
	watchUnfed = 5 * time.Second // and without a feed, or to see whether one that can break still beats
)

// Watch closes done when the session of the record ends, or stop is closed. It returns then.
func (c *Client) Watch(r *store.Record, stop <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	wake := c.watchers.add(r.ID)
	defer c.watchers.remove(r.ID, wake)
	var looked time.Time
	for {
		timer := time.NewTimer(c.untilLook(r))
		select {
		case <-stop:
			timer.Stop()
			return
		case <-wake:
			timer.Stop()
		case <-timer.C:
			if now := time.Now(); c.health.good(now) && now.Sub(looked) < watchFed && !r.Over(now) {
				continue
			}
		}
		looked = time.Now()
		fresh, err := c.look(r.ID, looked)
		switch {
		case err != nil: // unknown: the connection goes on until its time is over
			if r.Over(time.Now()) {
				return
			}
		case fresh == nil || fresh.Over(time.Now()) || c.Refuses(fresh.User, fresh.CreatedAt):
			return
		default:
			fresh.LastSeen = c.LastSeen(fresh.ID, fresh.LastSeen)
			r = fresh
		}
	}
}

func (c *Client) untilLook(r *store.Record) time.Duration {
	wait := watchFed
	if c.health.canBreak() {
		wait = watchUnfed
	}
	return max(min(wait, time.Until(r.Ends())), time.Millisecond)
}

// look loads a record at the time now, for nobody's request.
func (c *Client) look(id store.ID, now time.Time) (*store.Record, error) {
	ctx, cancel := c.detached()
	defer cancel()
	if err := c.LoadCutoffs(ctx, now); err != nil {
		return nil, err
	}
	return c.Load(ctx, id)
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
