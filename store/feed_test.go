package store_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"coatcheck.dev/store"
)

func TestHubTellsEverySubscriber(t *testing.T) {
	var h store.Hub
	h.Publish(store.Notice{Kind: store.Created}) // nobody listens
	var a, b []store.Notice
	stopA := h.Subscribe(func(n store.Notice) { a = append(a, n) })
	stopB := h.Subscribe(func(n store.Notice) { b = append(b, n) })
	first := store.Notice{Kind: store.Created, ID: store.ID{1}, User: "ada"}
	second := store.Notice{Kind: store.Deleted, ID: store.ID{1}}
	h.Publish(first)
	stopA()
	stopA()
	h.Publish(second)
	stopB()
	h.Publish(first)
	if len(a) != 1 || a[0] != first {
		t.Errorf("the first subscriber heard %v", a)
	}
	if len(b) != 2 || b[0] != first || b[1] != second {
		t.Errorf("the second subscriber heard %v", b)
	}
}

func TestHubStopsOneOfTwo(t *testing.T) {
	var h store.Hub
	var heard int
	tell := func(store.Notice) { heard++ }
	stop := h.Subscribe(tell)
	h.Subscribe(tell)
	stop()
	stop() // must not stop the other one, which has the same function
	if h.Publish(store.Notice{}); heard != 1 {
		t.Errorf("heard %d notices, want 1", heard)
	}
}

// After stop has returned, tell may use what it needs no more.
func TestHubIsSilentAfterStop(t *testing.T) {
	var h store.Hub
	var wg sync.WaitGroup
	var over atomic.Bool
	stop := h.Subscribe(func(store.Notice) {
		if over.Load() {
			t.Error("told after stop")
		}
	})
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				h.Publish(store.Notice{Kind: store.Saved})
			}
		})
	}
	wg.Go(func() {
		stop()
		over.Store(true)
	})
	wg.Wait()
}
