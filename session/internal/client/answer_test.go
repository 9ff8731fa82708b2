package client_test

import (
	"errors"
	"testing"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session/internal/client"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A store that says no, as often as it is asked, works: no answer of it opens the breaker.
func TestAnswersAreNoFailures(t *testing.T) {
	c := client.New(memory.New(), client.Options{
		Timeout: time.Second, MaxCalls: 10, SweepInterval: -1,
		Events: event.NewQueue(func(e event.Event) { t.Errorf("event %v", e) }),
	})
	now := time.Now()
	there := store.Record{ID: store.NewID(), CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour)}
	if err := c.Create(t.Context(), &there, store.ID{}); err != nil {
		t.Fatal(err)
	}
	missing := there
	missing.ID = store.NewID()
	for range 20 {
		if err := c.Create(t.Context(), &there, store.ID{}); !errors.Is(err, store.ErrExists) {
			t.Fatalf("got %v, want ErrExists", err)
		}
	}
	for range 20 {
		if err := c.Save(t.Context(), &missing, now); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("got %v, want ErrNotFound", err)
		}
	}
	stale := there
	stale.Version = 7
	for range 20 {
		if err := c.Save(t.Context(), &stale, now); !errors.Is(err, store.ErrConflict) {
			t.Fatalf("got %v, want ErrConflict", err)
		}
	}
	if err := c.Save(t.Context(), &stale, now); err != store.ErrConflict {
		t.Errorf("the answer is wrapped: %v", err)
	}
}
