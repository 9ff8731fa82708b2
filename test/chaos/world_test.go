package chaos

import (
	"context"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/relay"
)

// A node is one process of the site, and its way to the server of the store.
type node struct {
	*proc.Process
	url   string
	wire  *relay.Relay // nil for a file
	clock *proc.Clock
}

// A world is a site, what is done to it, and who judges.
type world struct {
	*testing.T
	*referee
	engine engine
	nodes  []*node
	seed   uint64
	done   map[string]int // how often each fault was made
}

var siteLine = regexp.MustCompile(`^site (\S+)$`)

func newWorld(t *testing.T, e engine, seed uint64) *world {
	w := &world{T: t, referee: newReferee(t), engine: e, seed: seed, done: make(map[string]int)}
	program := proc.BuildWithClock(t, "coatcheck.dev/test/chaos/node")
	for _, addr := range proc.FreeAddrs(t, e.nodes) {
		n := &node{url: "http://" + addr, clock: proc.NewClock(t)}
		address := e.store("")
		if e.server != "" {
			n.wire = relay.Start(t, e.server)
			address = e.store(n.wire.Addr)
		}
		n.Process = proc.Start(t, proc.Spec{Path: program, Args: []string{
			"-engine", e.kind, "-store", address, "-listen", addr,
			"-lease", lease.String(), "-rotate", rotation.String(), "-sweep", sweep.String(),
		}, Env: []string{n.clock.Env()}})
		w.nodes = append(w.nodes, n)
	}
	for _, n := range w.nodes {
		n.Await(siteLine)
		w.awaitReady(n)
	}
	return w
}

// awaitReady returns when a node says that it can do all it has to.
func (w *world) awaitReady(n *node) {
	w.Helper()
	b := newBrowser(w, 0)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if a := b.send(n, "GET", "/ready", ""); a.status == 204 {
			return
		} else if time.Now().After(deadline) {
			w.Fatalf("the node at %s is not ready after a minute: %d %s\n%s", n.url, a.status, a.body, n.Output())
		}
	}
}

// play lets browsers do what they like for a time, while harm is done, and then waits for all to be well.
func (w *world) play(d time.Duration, harm func(context.Context)) {
	ctx, stop := context.WithTimeout(w.Context(), d)
	defer stop()
	var players sync.WaitGroup
	for i := range browsers {
		b := newBrowser(w, w.seed+uint64(i)+1)
		players.Go(func() { b.live(ctx) })
	}
	for i := range 2 {
		b := newBrowser(w, w.seed+browsers+uint64(i)+1)
		players.Go(func() { b.haunt(ctx) })
	}
	harm(ctx)
	players.Wait()
	for _, n := range w.nodes {
		w.awaitReady(n)
	}
	time.Sleep(lease) // what was told while a node was away is believed no longer
}

// harm makes one fault after the other, and sometimes two at a time, until ctx ends. Once a minute the store is
// emptied, for the first time after ten seconds: sessions should grow old, too.
func (w *world) harm(ctx context.Context, chance *rand.Rand) {
	faults := w.faults()
	names, deck := slices.Sorted(maps.Keys(faults)), []string(nil)
	active := make(map[string]func())
	emptied := w.began.Add(-50 * time.Second)
	for ctx.Err() == nil {
		if time.Since(emptied) > time.Minute {
			heal(active)
			emptied = time.Now()
			w.Logf("%v the store is emptied", time.Since(w.began).Round(time.Millisecond))
			w.referee.empty(w.engine.empty)
		}
		if len(deck) == 0 { // none comes twice before all have come
			deck = slices.Clone(names)
			chance.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		free := func(name string) bool { return active[name[:1]] == nil } // one of each kind at a time
		if i := slices.IndexFunc(deck, free); i >= 0 {
			name := deck[i]
			deck = slices.Delete(deck, i, i+1)
			w.done[name]++
			w.Logf("%v %s", time.Since(w.began).Round(time.Millisecond), name)
			active[name[:1]] = faults[name](chance)
		}
		rest(ctx, chance, 200*time.Millisecond, 3*time.Second)
		if len(active) > 1 || chance.IntN(2) == 0 {
			heal(active)
			rest(ctx, chance, 0, time.Second)
		}
	}
	heal(active)
}

// heal undoes what is done, servers first: a node needs them to start.
func heal(active map[string]func()) {
	for _, name := range slices.Sorted(maps.Keys(active)) {
		active[name]()
		delete(active, name)
	}
}

func rest(ctx context.Context, chance *rand.Rand, least, most time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(least + time.Duration(chance.Int64N(int64(most-least)))):
	}
}

func (w *world) any(chance *rand.Rand) *node { return w.nodes[chance.IntN(len(w.nodes))] }

// faults are what can be done on this engine, by name. Each returns what undoes it. Names begin with what they harm, in
// the order in which they are undone.
func (w *world) faults() map[string]func(*rand.Rand) (undo func()) {
	all := map[string]func(*rand.Rand) func(){
		"c: a node is killed": func(chance *rand.Rand) func() {
			n := w.any(chance)
			n.Kill()
			return func() {
				n.Process = proc.Start(w, n.Spec)
				n.Await(siteLine)
			}
		},
		"c: a node stands still": func(chance *rand.Rand) func() {
			n := w.any(chance)
			n.Signal(syscall.SIGSTOP)
			return func() {
				n.Signal(syscall.SIGCONT)
				w.stoodStill()
			}
		},
	}
	all["B: a clock is set"] = func(chance *rand.Rand) func() {
		n := w.any(chance)
		n.clock.Set(w, skews[chance.IntN(len(skews))])
		return func() { n.clock.Set(w, 0) }
	}
	if w.engine.server != "" {
		wires := map[string]func(*relay.Relay){
			"is cut off": (*relay.Relay).Cut, "hears nothing": (*relay.Relay).Silence,
			"is slow": func(r *relay.Relay) { r.Delay(300 * time.Millisecond) },
		}
		for name, harm := range wires {
			all["b: a node "+name] = func(chance *rand.Rand) func() {
				wire := w.any(chance).wire
				harm(wire)
				return wire.Heal
			}
		}
		all["b: all hear nothing"] = func(*rand.Rand) func() {
			for _, n := range w.nodes {
				n.wire.Silence()
			}
			return func() {
				for _, n := range w.nodes {
					n.wire.Heal()
				}
			}
		}
	}
	for name, harm := range w.engine.faults {
		if harm != nil {
			all["a: "+name] = func(*rand.Rand) func() { return harm(w) }
		}
	}
	return all
}
