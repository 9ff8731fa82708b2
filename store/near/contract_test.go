package near_test

import (
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
	"coatcheck.dev/store/storetest"
)

func TestContract(t *testing.T) {
	for _, inner := range []struct {
		name string
		open func() store.Store
	}{
		{"over a feed", func() store.Store { return memory.New() }},
		{"over a store without a feed", func() store.Store { return struct{ store.Store }{memory.New()} }},
		{"over a feed that crosses a network", func() store.Store {
			d := newDouble()
			return struct {
				store.Store
				store.Feed
			}{d, beatingDouble{d}}
		}},
	} {
		t.Run(inner.name, func(t *testing.T) {
			var hits, refused uint64
			storetest.Run(t, func(t *testing.T) store.Store {
				st := near.New(inner.open(), near.Options{})
				t.Cleanup(func() {
					hits, refused = hits+st.Stats().Hits+st.Stats().NegativeHits, refused+st.Stats().Refused
					st.Close()
				})
				return storetest.Shift(st)
			})
			if t.Logf("%d hits, %d entries refused", hits, refused); hits < 500 {
				t.Errorf("%d reads were answered from the cache: the suite has tested the store behind it", hits)
			}
		})
	}
}

// A beatingDouble tells whoever subscribes that it is whole, and goes on to.
type beatingDouble struct{ d *double }

// Subscribe implements store.Feed.
func (b beatingDouble) Subscribe(tell func(store.Notice)) (stop func()) {
	unsubscribe := b.d.Subscribe(tell)
	tell(store.NewBeat(time.Now(), time.Now(), time.Now()))
	beats, ended := time.NewTicker(10*time.Millisecond), make(chan struct{})
	go func() {
		for {
			select {
			case <-beats.C:
				b.d.relay(store.NewBeat(time.Now(), time.Now(), time.Now()))
			case <-ended:
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		beats.Stop()
		close(ended)
		unsubscribe()
	})
}
