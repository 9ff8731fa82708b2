package client_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/session/internal/client"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// slowTouches is a store that takes its time for each batch of touches.
type slowTouches struct {
	*memory.Store
	pause time.Duration
}

func (s slowTouches) Touch(ctx context.Context, seen []store.Seen) error {
	time.Sleep(s.pause)
	return s.Store.Touch(ctx, seen)
}

// A flush that cannot wait for the one before it leaves its touches to a later one, which comes by itself.
func TestTouchesWaitForASlowFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := slowTouches{memory.New(), 4 * time.Second}
		c := client.New(st, client.Options{Timeout: 5 * time.Second, MaxCalls: 10, SweepInterval: -1})
		now := time.Now()
		late := store.Record{ID: store.NewID(), CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour)}
		if err := st.Create(t.Context(), late, store.ID{}); err != nil {
			t.Fatal(err)
		}
		for range 3000 { // three batches
			c.Touch(store.NewID(), now)
		}
		go func() { _ = c.Close(context.Background()) }()
		time.Sleep(time.Second)
		used := time.Now()
		c.Touch(late.ID, used)
		time.Sleep(30 * time.Second)
		if r, err := st.Load(t.Context(), late.ID); err != nil || !r.LastSeen.Equal(used) {
			t.Errorf("last seen %v, %v; want %v", r.LastSeen, err, used)
		}
	})
}
