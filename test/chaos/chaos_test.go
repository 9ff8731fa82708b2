// Package chaos has a referee: sites of two nodes on each engine, to which chance does what happens to servers,
// networks and processes, while browsers sign in, change values, are given new secrets, sign out and hold streams.
//
// One rule judges. Nothing is accepted later than its acknowledged end and the stated bound. Nothing that was
// acknowledged is lost. Nobody honest is signed out, unless the fault is one that does so, and docs/operations.md says
// it does.
package chaos

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/trial"
)

func TestMain(m *testing.M) { proc.Main(m) }

const (
	lease    = 2 * time.Second
	rotation = 9 * time.Second
	browsers = 12
	sweep    = time.Second
)

// Rows: I1, I3, I10, A42
func TestReferee(t *testing.T) {
	var rotations atomic.Int64 // few sessions grow so old in half a minute
	t.Cleanup(func() {
		if !t.Failed() && rotations.Load() == 0 {
			t.Error("no session got a new secret")
		}
	})
	for _, name := range slices.Sorted(maps.Keys(engines)) {
		t.Run(name, func(t *testing.T) {
			long := 30 * time.Second
			if trial.Torture() {
				long = time.Hour
				t.Parallel()
			}
			seed := trial.Seed(t)
			w := newWorld(t, engines[name](t), seed)
			chance := rand.New(rand.NewPCG(seed, 0))
			w.play(long, func(ctx context.Context) { w.harm(ctx, chance) })
			w.judge()
			rotations.Add(int64(w.counts.rotations))
		})
	}
}
