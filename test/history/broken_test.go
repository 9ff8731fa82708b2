package history

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/anishathalye/porcupine"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/test/internal/trial"
)

// The stores below each break one sentence of the contract, as stores of other libraries do. The checker has to notice.

// An upsertStore saves also what is not there any more.
type upsertStore struct{ store.Store }

func (s upsertStore) Save(ctx context.Context, r store.Record) error {
	err := s.Store.Save(ctx, r)
	if errors.Is(err, store.ErrNotFound) {
		err = s.Store.Create(ctx, r, store.ID{})
	}
	if errors.Is(err, store.ErrExists) { // another request has brought it back
		return store.ErrConflict
	}
	return err
}

// An overwritingStore saves whatever has been saved meanwhile.
type overwritingStore struct{ store.Store }

func (s overwritingStore) Save(ctx context.Context, r store.Record) error {
	for {
		err := s.Store.Save(ctx, r)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		now, err := s.Store.Load(ctx, r.ID)
		if err != nil {
			return err
		}
		r.Version = now.Version
	}
}

// A staleStore now and then returns what it had before, as a replica does or a cache that nobody told.
type staleStore struct {
	store.Store
	mu     sync.Mutex
	before map[store.ID]store.Record
}

func (s *staleStore) Load(ctx context.Context, id store.ID) (store.Record, error) {
	now, err := s.Store.Load(ctx, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.before[id]
	if ok && rand.IntN(8) == 0 {
		return old, nil
	}
	if err == nil {
		s.before[id] = now
	}
	return now, err
}

// A lazyStore says that a record is deleted, and deletes it at the next call.
type lazyStore struct {
	store.Store
	mu      sync.Mutex
	waiting []store.ID
}

func (s *lazyStore) Delete(ctx context.Context, id store.ID) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.waiting {
		if _, err := s.Store.Delete(ctx, id); err != nil {
			return false, err
		}
	}
	_, err := s.Store.Load(ctx, id)
	s.waiting = []store.ID{id}
	return err == nil, nil
}

// A stepwiseStore deletes a user's records one by one.
type stepwiseStore struct{ store.Store }

func (s stepwiseStore) DeleteUser(ctx context.Context, user string, keep ...store.ID) (deleted []store.ID, err error) {
	records, err := s.List(ctx, store.Query{User: user})
	for _, r := range records {
		if len(keep) > 0 && r.ID == keep[0] {
			continue
		}
		hesitate()
		existed, err := s.Store.Delete(ctx, r.ID)
		if err != nil {
			return deleted, err
		}
		if existed {
			deleted = append(deleted, r.ID)
		}
	}
	return deleted, err
}

// A twoStepStore replaces a record in two steps, without looking whether it has changed.
type twoStepStore struct{ store.Store }

func (s twoStepStore) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if replaces.IsZero() {
		return s.Store.Create(ctx, r, replaces)
	}
	if err := s.Store.Create(ctx, r, store.ID{}); err != nil {
		return err
	}
	hesitate()
	_, err := s.Store.Delete(ctx, replaces)
	return err
}

// maxHistories is within how many each fault has to be found.
const maxHistories = 1000

// Whatever is wrong with a store shows in some history. If it did not, a history without a fault would say nothing.
func TestCheckerFindsBrokenStores(t *testing.T) {
	for _, broken := range []struct {
		name string
		make func(store.Store) store.Store
	}{
		{"save creates", func(s store.Store) store.Store { return upsertStore{s} }},
		{"save overwrites", func(s store.Store) store.Store { return overwritingStore{s} }},
		{"stale load", func(s store.Store) store.Store {
			return &staleStore{Store: s, before: map[store.ID]store.Record{}}
		}},
		{"delete is late", func(s store.Store) store.Store { return &lazyStore{Store: s} }},
		{"revoking a user takes steps", func(s store.Store) store.Store { return stepwiseStore{s} }},
		{"replacing takes two steps", func(s store.Store) store.Store { return twoStepStore{s} }},
	} {
		t.Run(broken.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seed := trial.Seed(t)
				nodes := newNodes(t, broken.make(&hesitant{Store: memory.New()}), 2, func(event.Event) {})
				for i := range uint64(maxHistories) {
					if porcupine.CheckOperationsTimeout(model, run(t, nodes, seed+i), 0) == porcupine.Illegal {
						t.Logf("found in history %d", i+1)
						return
					}
				}
				t.Errorf("not found in %d histories", maxHistories)
			})
		})
	}
}
