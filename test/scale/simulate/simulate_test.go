package main

import (
	"context"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
)

// slow is a store that takes its time to load, and counts.
type slow struct {
	store.Store
	takes time.Duration
	mu    sync.Mutex
	loads int
}

func (s *slow) Load(ctx context.Context, id store.ID) (store.Record, error) {
	s.mu.Lock()
	s.loads++
	s.mu.Unlock()
	time.Sleep(s.takes)
	return s.Store.Load(ctx, id)
}

func record() store.Record {
	now := time.Now()
	end := now.Add(24 * time.Hour)
	return store.Record{ID: store.NewID(), User: "ada", CreatedAt: now, LastSeen: now, ExpiresAt: end}
}

// The model of a ticket that everybody comes with asks as often as the real cache does.
func TestTicketIsAsNear(t *testing.T) {
	for _, c := range []struct {
		name  string
		takes time.Duration
		lease time.Duration
		kept  bool
	}{
		{"kept", 10*time.Millisecond + 50*time.Microsecond, time.Minute, true},
		{"never kept", 10*time.Millisecond + 50*time.Microsecond, 1, false},
		{"never kept, quick", time.Millisecond + 50*time.Microsecond, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner := &slow{Store: memory.New(), takes: c.takes}
				r := record()
				if err := inner.Create(t.Context(), r, store.ID{}); err != nil {
					t.Fatal(err)
				}
				cache := near.New(inner, near.Options{Lease: c.lease})
				defer cache.Close()
				var asking sync.WaitGroup
				for range 10_000 {
					asking.Go(func() {
						if _, err := cache.Load(context.Background(), r.ID); err != nil {
							t.Error(err)
						}
					})
					time.Sleep(100 * time.Microsecond)
				}
				inner.mu.Lock()
				got := inner.loads
				inner.mu.Unlock()
				asking.Wait()
				want := loadsOf(10_000, c.takes, c.kept)
				if math.Abs(float64(got-want)) > 1 {
					t.Errorf("the cache asked %d times, the model %d times", got, want)
				}
				if c.kept && got > 2 {
					t.Errorf("10,000 requests for one ticket asked %d times", got)
				}
			})
		})
	}
}

// The cache of the model is simpler than the real one, and must not promise more than that keeps.
func TestCacheIsNoBetterThanNear(t *testing.T) {
	const sessions, nodes = 2000, 1
	inner := memory.New()
	ids := make([]store.ID, sessions)
	for i := range ids {
		r := record()
		ids[i] = r.ID
		if err := inner.Create(t.Context(), r, store.ID{}); err != nil {
			t.Fatal(err)
		}
	}
	probe := near.New(struct{ store.Store }{inner}, near.Options{Lease: time.Hour})
	for _, id := range ids {
		if _, err := probe.Load(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	each := probe.Stats().Bytes / sessions
	probe.Close()
	for _, room := range []int{100, 400, 1000} {
		o := near.Options{Lease: time.Hour, MaxBytes: int64(room) * int64(each)}
		cache := near.New(struct{ store.Store }{inner}, o)
		w := newModel(sessions, sessions, nodes, float64(room), true)
		real, model, reads := 0, 0, 0
		for i := range 60_000 {
			session := w.somebody()
			before := cache.Stats().Hits
			if _, err := cache.Load(t.Context(), ids[session]); err != nil {
				t.Fatal(err)
			}
			e := w.nodes[0].find(session)
			if i >= 20_000 {
				reads++
				real += int(cache.Stats().Hits - before)
				if e != nil {
					model++
				}
			}
			if e == nil {
				w.nodes[0].keep(entry{session: session})
			}
		}
		cache.Close()
		t.Logf("room for %d of %d: %.3f of the reads hit, %.3f in the model", room, sessions,
			float64(real)/float64(reads), float64(model)/float64(reads))
		if float64(model-real)/float64(reads) > 0.05 {
			t.Errorf("with room for %d of %d the model hits %d times of %d, and the real cache %d",
				room, sessions, model, reads, real)
		}
	}
}

// A queue whose work takes equally long is one that has a formula: Pollaczek and Khinchine's.
func TestQueue(t *testing.T) {
	for _, use := range []float64{0.1, 0.5, 0.8} {
		median, p99 := queue([]work{{use, 1}})
		if median < 1 || p99 < median {
			t.Errorf("a load takes %v, one of a hundred %v; want at least its own time", median, p99)
		}
		if use == 0.1 && median > 1.01 || use == 0.8 && p99 < 5 {
			t.Errorf("at a use of %v a load takes %v, one of a hundred %v", use, median, p99)
		}
	}
}

// Touches and rotations in the model come as the library's rules have them.
func TestWorldKeepsTheRules(t *testing.T) {
	w := newModel(1000, 1000, 2, 1e6, true)
	w.run()
	visits := float64(w.requests) / requestsAVisit
	if got := float64(w.rotations) / visits; got < 1 || got > 2 {
		t.Errorf("%v saves of rotations in a visit; want about two: the offer and its use", got)
	}
	if got := float64(w.touches) / visits; got < 1 || got > requestsAVisit {
		t.Errorf("%v touches in a visit", got)
	}
	if w.hits() < 0.5 || w.hits() > 0.95 {
		t.Errorf("%v of the reads hit", w.hits())
	}
	spread := newModel(1000, 1000, 50, 1e6, false)
	spread.run()
	if spread.hits() >= w.hits() {
		t.Errorf("spread over fifty nodes %v of the reads hit, and %v if sessions stay", spread.hits(), w.hits())
	}
}
