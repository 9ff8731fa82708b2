package storetest

import (
	"errors"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

var demotionCases = []testCase{
	{
		name: "a server that is no writer is not believed",
		why: "After a failover, connections may lead to a server that is a replica now. What it answers may have " +
			"ended elsewhere, and what has ended there it may never tell.",
		run: func(t *trial) {
			if t.harness.Demote == nil {
				t.Skip("no server of this store can lose its role")
			}
			r := t.create(session("ada"))
			var stands atomic.Int64
			feed, isFeed := t.s.(store.Feed)
			if isFeed {
				t.Cleanup(feed.Subscribe(func(n store.Notice) {
					if n.Kind == store.Lost || n.Kind == store.Beat {
						stands.Store(int64(n.Kind))
					}
				}))
			}
			restore := t.harness.Demote(t.t, t.s)
			t.eventually("writes and reads are refused, and the feed is lost", func() bool {
				saved := t.s.Save(t.ctx, changed(r))
				_, loaded := t.s.Load(t.ctx, r.ID)
				return isUnknown(saved) && isUnknown(loaded) && (!isFeed || stands.Load() == int64(store.Lost))
			})
			restore()
			t.eventually("all is as before", func() bool {
				_, err := t.s.Load(t.ctx, r.ID)
				return err == nil && (!isFeed || stands.Load() == int64(store.Beat))
			})
			t.has(t.save(changed(r)))
		},
	},
}

// isUnknown reports whether an error says that the store could not tell.
func isUnknown(err error) bool {
	return err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict)
}

// eventually waits until something is so.
func (t *trial) eventually(what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(t.late); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", t.late, what)
		}
	}
}
