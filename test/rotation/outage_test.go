package rotation

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/test/internal/trial"
)

var errDown = errors.New("connection reset")

// An unreliableStore fails now and then while the weather is bad: half of the failing writes have happened
// nevertheless, as when the connection breaks before the answer comes.
type unreliableStore struct {
	store.Store

	mu       sync.Mutex
	rng      *rand.Rand
	bad      bool
	failures int
}

func (s *unreliableStore) weather(bad bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad = bad
}

// fate draws whether a call fails before it does anything, or after.
func (s *unreliableStore) fate() (before, after error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.bad || s.rng.IntN(5) > 1 {
		return nil, nil
	}
	s.failures++
	if s.rng.IntN(2) == 0 {
		return errDown, nil
	}
	return nil, errDown
}

func (s *unreliableStore) Load(ctx context.Context, id store.ID) (store.Record, error) {
	before, after := s.fate()
	if err := errors.Join(before, after); err != nil {
		return store.Record{}, err
	}
	return s.Store.Load(ctx, id)
}

func (s *unreliableStore) Save(ctx context.Context, r store.Record) error {
	before, after := s.fate()
	if before != nil {
		return before
	}
	if err := s.Store.Save(ctx, r); err != nil {
		return err
	}
	return after
}

func (s *unreliableStore) Touch(ctx context.Context, seen []store.Seen) error {
	before, after := s.fate()
	if before != nil {
		return before
	}
	return errors.Join(s.Store.Touch(ctx, seen), after)
}

// The store fails in the middle of rotations, before or after it has done what it was asked for: offers and
// confirmations are lost in every way. Requests may be answered 503. Nobody is signed out, nobody is taken for a thief,
// and when the store is back the rotation goes on.
//
// Rows: R5, I4, R8, I10
func TestStoreFailuresDuringRotationSignNobodyOut(t *testing.T) {
	onEveryBacking(t, func(t *testing.T, b backing) {
		rng, n := trial.Chance(t), b.times(40)
		st := &unreliableStore{Store: b.open(t), rng: rand.New(rand.NewPCG(rng.Uint64(), 0))}
		s := newSiteOn(t, st, b.nodes, session.Options{SweepInterval: -1})
		owner := s.newBrowser()
		owner.signIn("ada")
		answered, refused := 0, 0
		for range n {
			time.Sleep(rotateEvery)
			st.weather(true)
			for range 3 { // each time after the breaker has let a call through again
				a, r := storm(t, owner, rng)
				answered, refused = answered+a, refused+r
				time.Sleep(10 * time.Second)
			}
			st.weather(false)
			for range 4 { // offered, shown, and the rest of the same pair if the storm ended in between
				time.Sleep(10 * time.Second)
				if got := owner.user(); got != "ada" {
					t.Fatalf("%q is signed in after the storm, want ada", got)
				}
			}
		}
		if got := s.count(event.Rotated); got < n/2 {
			t.Errorf("rotated %d times in %d storms, so little was tested", got, n)
		}
		if got := s.alarms(); got != 0 {
			t.Errorf("%d false alarms", got)
		}
		if st.failures < n || refused == 0 || answered == 0 {
			t.Errorf("the store failed %d times, %d requests were answered and %d refused: that is no storm",
				st.failures, answered, refused)
		}
		t.Logf("%d storms, %d failures of the store, %d rotations, %d answered, %d refused",
			n, st.failures, s.count(event.Rotated), answered, refused)
	})
}

// storm has 10 tabs ask while the store fails, and returns how many were answered and how many were told to come later.
func storm(t *testing.T, b *browser, rng *rand.Rand) (answered, refused int) {
	var mu sync.Mutex
	var running sync.WaitGroup
	for range 10 {
		tr := trip{
			start: time.Duration(rng.IntN(5)) * time.Second, up: latency, down: latency,
			lostDown: rng.Float64() < lostShare, node: rng.IntN(len(b.site.nodes)),
		}
		running.Go(func() {
			user := ""
			res := b.make(tr, seeUser(&user))
			_, news := ticketIn(res.Header)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case res.StatusCode == http.StatusOK && user == "ada":
				answered++
			case res.StatusCode == http.StatusServiceUnavailable && !news:
				refused++
			default:
				t.Errorf("status %d for %q, sets a cookie: %t", res.StatusCode, user, news)
			}
		})
	}
	running.Wait()
	return answered, refused
}
