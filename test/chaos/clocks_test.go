package chaos

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/internal/trial"
)

// skews are how far clocks are off.
var skews = []time.Duration{2 * time.Hour, -2 * time.Hour, 40 * time.Second, -40 * time.Second}

// cluster is for clocks alone: its servers stay as they are.
func cluster(t *testing.T) engine {
	servers := redisserver.StartCluster(t, "--appendonly", "yes", "--appendfsync", "always")
	var addrs []string
	for _, n := range servers.Nodes {
		addrs = append(addrs, n.Addr)
	}
	return engine{kind: "cluster", nodes: 2, store: func(string) string { return strings.Join(addrs, ",") }}
}

// Two nodes have clocks that are hours apart, then more than the grace of a rotation, and are set while sessions go on.
// Nobody is signed out, and nobody comes back.
//
// Rows: I1, I4, I11
func TestClocks(t *testing.T) {
	all := maps.Clone(engines)
	all["cluster"] = cluster
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, all[name](t), trial.Seed(t))
			w.play(20*time.Second, func(ctx context.Context) {
				for phase, lasts := range []time.Duration{4 * time.Second, 4 * time.Second, 11 * time.Second} {
					for i, n := range w.nodes {
						n.clock.Set(t, skews[(phase+i)%2+phase/2*2])
					}
					select {
					case <-time.After(lasts):
					case <-ctx.Done():
					}
				}
				for _, n := range w.nodes {
					n.clock.Set(t, 0)
				}
				<-ctx.Done()
			})
			w.judge()
			if w.engine.nodes > 1 && w.counts.rotations == 0 {
				t.Error("no session got a new secret")
			}
		})
	}
}

// A clock that is set back in the moment after a program's start, before anybody has asked it for anything, does not
// date the sessions that begin then. The referee has found it with COATCHECK_SEED=4786088974193662248, on SQLite.
//
// Rows: I4, I11
func TestClockIsSetAfterTheStart(t *testing.T) {
	w := newWorld(t, engines["sqlite"](t), trial.Seed(t))
	n, b := w.nodes[0], newBrowser(w, 1)
	again := func() {
		n.Kill()
		n.Process = proc.Start(w, n.Spec)
		n.Await(siteLine)
	}
	again()
	n.clock.Set(t, -2*time.Hour)
	in := b.send(n, "POST", "/in?user=ada", "")
	n.clock.Set(t, 0)
	again()
	if a := b.send(n, "GET", "/me", in.ticket); in.ticket == "" || a.User != "ada" {
		t.Errorf("signed in with %d %s, and then %d %q", in.status, in.body, a.status, a.User)
	}
}
