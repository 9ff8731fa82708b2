package index

import (
	"context"
	"slices"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// news is what has changed and has not been looked at.
type news struct {
	wake   chan struct{}
	urgent chan struct{} // somebody waits for what has changed

	mu       sync.Mutex
	changed  map[store.ID]bool // true if it has ended
	users    []string          // all sessions of whom have ended, but those kept
	cutoffs  []store.Notice
	overflow bool   // there was more than there is room for
	busy     bool   // what was taken is being looked at
	told     uint64 // how often there was something
	taken    uint64 // told when all of it was taken last
	served   uint64 // taken, once that is in the index
}

// maxNews bounds how many changes wait.
const maxNews = 200_000

func (n *news) put(do func()) {
	n.mu.Lock()
	if n.changed == nil {
		n.changed = make(map[store.ID]bool)
	}
	do()
	n.told++
	if len(n.changed) > maxNews || len(n.users) > maxNews || len(n.cutoffs) > maxNews {
		n.changed, n.users, n.cutoffs, n.overflow = nil, nil, nil, true
	}
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// add has sessions looked up.
func (n *news) add(ids ...store.ID) {
	n.put(func() {
		for _, id := range ids {
			if _, known := n.changed[id]; !known {
				n.changed[id] = false
			}
		}
	})
}

func (n *news) empty() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.changed) == 0 && len(n.users) == 0 && len(n.cutoffs) == 0 && !n.overflow && !n.busy
}

// settleTime is how long a question waits for what has changed before it.
const settleTime = 100 * time.Millisecond

// settle waits until all that has been told so far is in the index, so that whoever has changed something sees it; but
// not for long.
func (n *news) settle(ctx context.Context) {
	n.mu.Lock()
	told, waits := n.told, n.served < n.told
	n.mu.Unlock()
	if !waits {
		return
	}
	select {
	case n.urgent <- struct{}{}:
	default:
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(settleTime); waits && time.Now().Before(until); {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n.mu.Lock()
		waits = n.served < told
		n.mu.Unlock()
	}
}

// taken is a part of the news.
type taken struct {
	ended, changed []store.ID
	users          []string
	cutoffs        []store.Notice
	overflow       bool
}

// maxTaken bounds what is looked at in one go.
const maxTaken = 2000

func (n *news) take() (t taken, any bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, ended := range n.changed {
		if len(t.ended)+len(t.changed) == maxTaken {
			break
		}
		delete(n.changed, id)
		if ended {
			t.ended = append(t.ended, id)
		} else {
			t.changed = append(t.changed, id)
		}
	}
	t.users, t.cutoffs, t.overflow = n.users, n.cutoffs, n.overflow
	n.users, n.cutoffs, n.overflow = nil, nil, false
	if len(n.changed) == 0 {
		n.taken = n.told
	}
	n.busy = len(t.ended)+len(t.changed)+len(t.users)+len(t.cutoffs) > 0 || t.overflow
	if !n.busy {
		n.served = n.taken
	}
	return t, n.busy
}

// back puts what could not be done behind what has happened meanwhile.
func (n *news) back(t taken) {
	n.add(t.changed...)
	n.put(func() {
		for _, id := range t.ended {
			n.changed[id] = true
		}
		n.users, n.cutoffs = slices.Concat(t.users, n.users), slices.Concat(t.cutoffs, n.cutoffs)
		n.overflow = n.overflow || t.overflow
	})
}

func (n *news) rest() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.busy, n.served = false, n.taken
}
