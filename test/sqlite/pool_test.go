package sqlite

import (
	"context"
	"testing"
	"time"

	"coatcheck.dev/store"
)

// Connections are kept for the calls that follow, and not from others: they go back soon after the last call, at once
// when the store is closed, and the only one of a pool is never kept.
func TestKeptConnectionsGoBack(t *testing.T) {
	t.Parallel()
	use := func(b *box) {
		t.Helper()
		r := mustCreate(t, b)
		if _, err := b.Live(t.Context(), r.User, time.Time{}, time.Now(), 10); err != nil {
			t.Fatal(err)
		}
	}
	b := newBox(t, newFile(t))
	use(b)
	waitUntil(t, "connections are kept", func() bool { return b.db.Stats().InUse == 0 })
	for range 3 {
		use(b) // once more, on what the pool has
	}
	if err := b.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := b.db.Stats().InUse; n != 0 {
		t.Errorf("%d connections are kept by a store that is closed", n)
	}

	only := newBox(t, newFile(t))
	only.db.SetMaxOpenConns(1)
	for range 3 {
		use(only)
		if n := only.db.Stats().InUse; n != 0 {
			t.Errorf("%d connections of one are kept", n)
		}
	}
}

// Who waits for a connection gets one, however busy the store is, and whoever gives up waiting is let go.
func TestBusyStoreLeavesConnectionsToOthers(t *testing.T) {
	t.Parallel()
	b := newBox(t, newFile(t))
	b.db.SetMaxOpenConns(2)
	r := mustCreate(t, b)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = b.Live(context.Background(), r.User, time.Time{}, time.Now(), 10)
				_, _ = b.Load(context.Background(), r.ID)
			}
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range 100 { // both at once
		one, err := b.db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		two, err := b.db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		two.Close()
		one.Close()
	}
	one, err := b.db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	two, err := b.db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	close(stop)
	parent, giveUp := context.WithCancel(t.Context())
	waiting := watch(parent)
	go func() {
		<-waiting.waits
		giveUp()
	}()
	if _, err := b.Load(waiting, store.NewID()); err == nil || waiting.Err() == nil {
		t.Errorf("a load without a connection: %v", err)
	}
	two.Close()
	one.Close()
	<-done
}
