package move

import (
	"sync"
	"time"

	"coatcheck.dev/store"
)

// Subscribe implements [store.Feed]. The two feeds are one, which is whole while both are.
func (s *Store) Subscribe(tell func(store.Notice)) (stop func()) {
	var p pair
	stopOld := s.old.Subscribe(func(n store.Notice) { p.tell(0, n, tell) })
	stopNew := s.new.Subscribe(func(n store.Notice) { p.tell(1, n, tell) })
	return func() {
		stopOld()
		stopNew()
	}
}

// A pair is what two feeds have said of themselves.
type pair struct {
	mu   sync.Mutex
	each [2]struct {
		lost bool
		beat time.Time // zero for a feed within the process, which is always whole
	}
}

func (p *pair) tell(i int, n store.Notice, tell func(store.Notice)) {
	switch n.Kind {
	case store.Lost, store.Beat:
		p.mu.Lock()
		defer p.mu.Unlock() // so that a Beat does not overtake a Lost
		if n.Kind == store.Lost {
			p.each[i].lost = true
			break
		}
		p.each[i].lost, p.each[i].beat = false, n.At
		other := p.each[1-i]
		if other.lost {
			return
		}
		if !other.beat.IsZero() && other.beat.Before(n.At) {
			n.At = other.beat
		}
	case store.Cutoff, store.UserDeleted:
		if i == 0 { // the new store is next, and tells then
			return
		}
	}
	tell(n)
}
