// Package near checks caches in front of one store: what two nodes see of each other, whatever the network between them
// does.
package near

import (
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/test/internal/twonodes"
	"coatcheck.dev/test/internal/wire"
)

const lease = 1500 * time.Millisecond

// wired is a memory store at the other end of two wires.
func wired(o wire.Options) twonodes.Harness {
	return twonodes.Harness{
		Lease: lease,
		Open: func(t testing.TB) (a, b store.Store) {
			far := memory.New()
			x, y := wire.New(far, o), wire.New(far, o)
			t.Cleanup(x.Close)
			t.Cleanup(y.Close)
			return x, y
		},
		Kill: func(_ testing.TB, b store.Store) (repair func()) {
			w := b.(*wire.Store)
			w.Break()
			return w.Heal
		},
		Mute: func(_ testing.TB, b store.Store) (repair func()) {
			w := b.(*wire.Store)
			w.Silence()
			return w.Heal
		},
	}
}

func TestTwoNodes(t *testing.T) {
	t.Parallel()
	wired(wire.Options{Delay: 2 * time.Millisecond, Call: time.Millisecond}).Run(t)
}

func TestTwoNodesFarApart(t *testing.T) {
	t.Parallel()
	o := wire.Options{Delay: 200 * time.Millisecond, Call: 50 * time.Millisecond}
	for _, c := range []struct {
		name string
		test func(t testing.TB, h twonodes.Harness)
	}{
		{"history", func(t testing.TB, h twonodes.Harness) { h.History(t, 100) }},
		{"revocations", func(t testing.TB, h twonodes.Harness) { h.Revoke(t) }},
		{"killed", func(t testing.TB, h twonodes.Harness) { h.Cut(t, h.Kill) }},
		{"silent", func(t testing.TB, h twonodes.Harness) { h.Cut(t, h.Mute) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.test(t, wired(o)) })
		})
	}
}
