package client_test

import (
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/session/internal/client"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// What took a session's place is known for half a minute at least, and for a minute at most.
func TestSuccessorsAreForgotten(t *testing.T) {
	for age, want := range map[time.Duration]bool{0: true, 29 * time.Second: true, 61 * time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			c := client.New(memory.New(), client.Options{Timeout: time.Second, MaxCalls: 10, SweepInterval: -1})
			now := time.Now()
			old := store.Record{ID: store.NewID(), CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour)}
			if err := c.Create(t.Context(), &old, store.ID{}); err != nil {
				t.Fatal(err)
			}
			next := old
			next.ID, next.Version = store.NewID(), 1
			if err := c.Create(t.Context(), &next, old.ID); err != nil {
				t.Fatal(err)
			}
			time.Sleep(age)
			if got, ok := c.Successor(old.ID); ok != want || ok && got != next.ID {
				t.Errorf("after %v: %v, %v; want it known: %v", age, got, ok, want)
			}
		})
	}
}

// What is known of a user goes with their sign-out everywhere, whether or not the store has the records.
func TestCopiesOfAUserAreForgotten(t *testing.T) {
	inner, now := memory.New(), time.Now()
	c := client.New(struct{ store.Store }{inner}, client.Options{
		Timeout: time.Second, MaxCalls: 10, SweepInterval: -1, KeepLast: true,
	})
	ids := make(map[string]store.ID)
	for _, user := range []string{"ada", "alan"} {
		r := store.Record{ID: store.NewID(), User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour)}
		ids[user] = r.ID
		if err := inner.Create(t.Context(), r, store.ID{}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Load(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		if _, known := c.Recall(r.ID, now); !known {
			t.Fatal("nothing is known")
		}
	}
	if _, err := inner.Delete(t.Context(), ids["ada"]); err != nil {
		t.Fatal(err)
	}
	if ended, err := c.DeleteUser(t.Context(), "ada", nil); len(ended) > 0 || err != nil {
		t.Fatalf("ended %v, %v", ended, err)
	}
	for user, id := range ids {
		if _, known := c.Recall(id, now); known != (user == "alan") {
			t.Errorf("%s is known: %v", user, known)
		}
	}
}
