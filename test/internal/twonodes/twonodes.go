// Package twonodes checks what two programs see of each other that share a store, each with a cache near it.
//
//	twonodes.Harness{Open: func(t testing.TB) (a, b store.Store) { ... }}.Run(t)
//
// The stores that Open returns are two ways to the same records, as two programs have them: two connections, two feeds.
// They are empty; Open registers their end with t. What is promised is in package near: nobody sees what is older than
// the lease, whatever becomes of the feed.
package twonodes

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
)

// A Harness says how to get two nodes, and what can be done to them. Open is required.
type Harness struct {
	Open func(t testing.TB) (a, b store.Store)

	// Kill breaks the connections of the feed of b so that both ends see it; Mute loses its packets so that neither
	// does. The store itself goes on answering. Both return what repairs it. Leave nil what cannot be done.
	Kill, Mute func(t testing.TB, b store.Store) (repair func())

	// Sever and Swallow do the same to all connections of b: the store does not answer it any more.
	Sever, Swallow func(t testing.TB, b store.Store) (repair func())

	// Lease is that of the caches, which bounds how long the checks of a cut feed take; 0 means a second and a half.
	// Beats have to come more often.
	Lease time.Duration

	// Revocations is how many are measured; 0 means 300.
	Revocations int

	// P99 is the longest that a hundredth of the revocations may take; 0 means that only the lease bounds them.
	P99 time.Duration
}

// Run makes all checks, each with stores of its own.
func (h Harness) Run(t *testing.T) {
	t.Helper()
	t.Run("history", func(t *testing.T) { h.History(t, 10) })
	t.Run("revocations", func(t *testing.T) { h.Revoke(t) })
	t.Run("revocations after the feed was killed", func(t *testing.T) { h.Cut(t, h.Kill) })
	t.Run("revocations after the feed fell silent", func(t *testing.T) { h.Cut(t, h.Mute) })
	t.Run("cut off from the store", func(t *testing.T) { h.Isolate(t, h.Sever) })
	t.Run("cut off from the store in silence", func(t *testing.T) { h.Isolate(t, h.Swallow) })
}

func (h Harness) lease() time.Duration {
	if h.Lease == 0 {
		return 1500 * time.Millisecond
	}
	return h.Lease
}

// A node is a cache and the store behind it.
type node struct {
	near.Store
	inner store.Store
}

// nodes opens two nodes and waits until their feeds are up.
func (h Harness) nodes(t testing.TB) (a, b node) {
	t.Helper()
	x, y := h.Open(t)
	a, b = node{near.New(x, near.Options{Lease: h.lease()}), x}, node{near.New(y, near.Options{Lease: h.lease()}), y}
	t.Cleanup(a.Close)
	t.Cleanup(b.Close)
	a.waitForFeed(t)
	b.waitForFeed(t)
	return a, b
}

// feedTimeout is how long a feed may take to come up.
const feedTimeout = 60 * time.Second

func (n node) waitForFeed(t testing.TB) {
	t.Helper()
	if _, fed := n.inner.(store.Feed); !fed {
		return
	}
	for deadline := time.Now().Add(feedTimeout); !n.Stats().FeedUp; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the feed does not come up")
		}
	}
}

// session returns a record of a user.
func session(user string) store.Record {
	now := time.UnixMicro(time.Now().UnixMicro()).UTC()
	return store.Record{
		ID: store.NewID(), User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(24 * time.Hour),
		IdleTimeout: 12 * time.Hour,
		Device:      store.Device{Address: "192.0.2.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64)"},
	}
}

func newUser() string { return fmt.Sprintf("user-%x", rand.Uint64()) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// create makes a session at one node and reads it at another, so that it is kept there.
func create(t testing.TB, at, read node, user string) store.Record {
	t.Helper()
	r := session(user)
	must(t, at.Create(context.Background(), r, store.ID{}))
	r.Version = 1
	for range 2 {
		_, err := read.Load(context.Background(), r.ID)
		must(t, err)
	}
	return r
}
