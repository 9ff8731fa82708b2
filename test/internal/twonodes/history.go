package twonodes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"coatcheck.dev/store"
	"coatcheck.dev/test/internal/trial"
)

const (
	clients  = 6
	sessions = 3
	ops      = 30 // of each client
)

type kind string

const (
	load kind = "load"
	save kind = "save"
	end  kind = "end"
)

// input is what a client asked: of which session, and for save, the version that it was made from and the new value.
type input struct {
	kind    kind
	session int
	version uint64
	value   string
}

// output is what was answered: a version and the value that came with it, or 0.
type output struct {
	version uint64
	value   string
	refusal error
}

// state is what the store has of one session; version 0 means that it has ended.
type state struct {
	version uint64
	value   string
}

// model is the contract of a store, for writes: these are never old.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		all := make([][]porcupine.Operation, sessions)
		for _, op := range history {
			n := op.Input.(input).session
			all[n] = append(all[n], op)
		}
		return all
	},
	Init: func() any { return state{1, ""} },
	Step: func(now, in, out any) (bool, any) { return step(now.(state), in.(input), out.(output)) },
	DescribeOperation: func(in, out any) string {
		i, o := in.(input), out.(output)
		return fmt.Sprintf("%s %d %q -> %d %q %v", i.kind, i.version, i.value, o.version, o.value, o.refusal)
	},
}

func step(now state, in input, out output) (bool, state) {
	switch {
	case in.kind == end:
		return (out.version != 0) == (now.version != 0), state{}
	case out.refusal == store.ErrNotFound:
		return now.version == 0, now
	case out.refusal == store.ErrConflict:
		return now.version != 0 && now.version != in.version, now
	}
	return now.version != 0 && now.version == in.version, state{in.version + 1, in.value}
}

// A world is what the clients of one history share.
type world struct {
	t     testing.TB
	nodes [2]node
	began time.Time
	ids   [sessions]store.ID
	lease time.Duration

	mu   sync.Mutex
	ops  []porcupine.Operation
	seen [2][sessions]uint64 // the latest version that each node has answered with, or ended
}

// ended is later than every version.
const ended = 1 << 62

// History makes histories of what clients see who use both nodes at once, and checks that some sequence explains each
// of them: one in which every write happened while it ran, and every read while it ran or no more than a lease before.
// Beside that, no node ever answers with what is older than it has answered or written before.
func (h Harness) History(t testing.TB, n int) {
	t.Helper()
	seed := trial.Seed(t)
	a, b := h.nodes(t)
	stale, oldest := 0, time.Duration(0)
	for i := range uint64(n) {
		w := &world{t: t, nodes: [2]node{a, b}, began: time.Now(), lease: h.lease()}
		w.run(seed + i)
		w.check(seed + i)
		n, late := w.stale()
		stale, oldest = stale+n, max(oldest, late)
	}
	hits := a.Stats().Hits + b.Stats().Hits
	t.Logf("%d histories of %d operations, %d reads from a cache, %d saw what had been replaced, the latest %v before",
		n, clients*ops, hits, stale, oldest)
	if hits == 0 {
		t.Error("nothing was read from a cache")
	}
}

// run has all clients do their part of a history.
func (w *world) run(seed uint64) {
	user := newUser()
	for i := range w.ids {
		r := session(user)
		must(w.t, w.nodes[0].Create(context.Background(), r, store.ID{}))
		w.ids[i] = r.ID
	}
	var running sync.WaitGroup
	for id := range clients {
		c := client{world: w, id: id, rng: rand.New(rand.NewPCG(seed, uint64(id)))}
		running.Go(func() {
			for range ops {
				c.act()
				time.Sleep(time.Duration(c.rng.IntN(2000)) * time.Microsecond)
			}
		})
	}
	running.Wait()
}

// A client does one thing after the other, at either node.
type client struct {
	*world
	id  int
	rng *rand.Rand
}

func (c client) act() {
	at := c.rng.IntN(2)
	in := input{kind: load, session: c.rng.IntN(sessions)}
	switch n := c.rng.IntN(100); {
	case n < 2:
		in.kind = end
	case n < 20:
		in.kind = save
		r, err := c.load(at, in.session)
		if err != nil {
			return
		}
		in.version, in.value = r.Version, fmt.Sprintf(`"%d"`, c.rng.Uint32())
		c.record(at, in, func() (output, error) { return output{}, c.save(at, r, in.value) })
		return
	}
	if in.kind == load {
		_, _ = c.load(at, in.session)
		return
	}
	c.record(at, in, func() (out output, err error) {
		existed, err := c.nodes[at].Delete(context.Background(), c.ids[in.session])
		if existed {
			out.version = ended
		}
		return out, err
	})
}

// load reads a session, and records it.
func (c client) load(at, n int) (r store.Record, err error) {
	c.record(at, input{kind: load, session: n}, func() (output, error) {
		r, err = c.nodes[at].Load(context.Background(), c.ids[n])
		if err != nil {
			return output{}, err
		}
		v, _ := r.Data.Get("value")
		return output{version: r.Version, value: v.JSON}, nil
	})
	return r, err
}

func (c client) save(at int, r store.Record, value string) error {
	r.Data = store.Data{}.With(store.Change{Key: "value", Value: store.Value{JSON: value}})
	return c.nodes[at].Save(context.Background(), r)
}

// record runs an operation and notes when it ran, and what the node must know by then and knows afterwards.
func (w *world) record(at int, in input, do func() (output, error)) {
	floor := w.floor(at, in.session)
	call := time.Since(w.began)
	out, err := do()
	back := time.Since(w.began)
	known := out.version
	switch {
	case errors.Is(err, store.ErrNotFound):
		out.refusal, known = store.ErrNotFound, ended
	case errors.Is(err, store.ErrConflict):
		out.refusal = store.ErrConflict
	case err != nil:
		w.t.Errorf("%s: %v", in.kind, err)
		return
	case in.kind == save:
		known = in.version + 1
	case in.kind == end:
		known = ended
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if in.kind == load && known < floor {
		w.t.Errorf("node %d answered with version %d of session %d, after it had known of %d", at, known, in.session,
			floor)
	}
	w.seen[at][in.session] = max(w.seen[at][in.session], known)
	w.ops = append(w.ops,
		porcupine.Operation{ClientId: len(w.ops), Input: in, Call: int64(call), Output: out, Return: int64(back)})
}

func (w *world) floor(at, n int) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[at][n]
}

// writes returns the history without its reads.
func (w *world) writes() (all []porcupine.Operation) {
	for _, op := range w.ops {
		if op.Input.(input).kind != load {
			all = append(all, op)
		}
	}
	return all
}

// A change is what gave a session a version, or ended it, and when it can have happened, by the write itself and by the
// reads.
type change struct {
	value          string
	earliest, last time.Duration
}

// misread says which read of a session saw what nobody can have seen so late, or so early; "" if all is well. Versions
// follow each other, so it is enough that each change has a moment that suits all reads, none before that of the change
// before it. (The search that porcupine makes does not come to an end if every read may be as old as the lease.)
func (w *world) misread(session int) string {
	const never = time.Duration(math.MaxInt64)
	changes := map[uint64]*change{1: {"", 0, 0}, ended: {"", never, never}}
	for _, op := range w.writes() {
		in, out := op.Input.(input), op.Output.(output)
		switch {
		case in.session != session:
		case in.kind == save && out.refusal == nil:
			changes[in.version+1] = &change{in.value, time.Duration(op.Call), time.Duration(op.Return)}
		case in.kind == end && out.version != 0:
			changes[ended] = &change{"", time.Duration(op.Call), time.Duration(op.Return)}
		}
	}
	for _, op := range w.ops {
		in, out := op.Input.(input), op.Output.(output)
		if in.session != session || in.kind != load {
			continue
		}
		version := out.version
		if out.refusal != nil {
			version = ended
		}
		seen := changes[version]
		if seen == nil || out.refusal == nil && seen.value != out.value {
			return fmt.Sprintf("version %d with the value %q, which nobody wrote", version, out.value)
		}
		for v, c := range changes {
			if v <= version {
				c.last = min(c.last, time.Duration(op.Return))
			} else {
				c.earliest = max(c.earliest, time.Duration(op.Call)-w.lease)
			}
		}
	}
	var before time.Duration
	for _, v := range slices.Sorted(maps.Keys(changes)) {
		c := changes[v]
		if before = max(before, c.earliest); v == 1 {
			before = 0 // it was there when the history began
		}
		if before > c.last {
			return fmt.Sprintf("version %d cannot have come between %v and %v", v, before, c.last)
		}
	}
	return ""
}

// stale returns how many reads saw what had been replaced before they began, and by how much the latest of them was
// late.
func (w *world) stale() (n int, oldest time.Duration) {
	for _, read := range w.ops {
		if read.Input.(input).kind != load {
			continue
		}
		var late time.Duration
		for _, write := range w.ops {
			in, out := write.Input.(input), write.Output.(output)
			replaced := in.kind == end && out.version != 0 || in.kind == save && out.refusal == nil &&
				in.version == read.Output.(output).version
			if in.session == read.Input.(input).session && replaced && read.Output.(output).version != 0 {
				late = max(late, time.Duration(read.Call-write.Return))
			}
		}
		if late > 0 {
			n++
		}
		oldest = max(oldest, late)
	}
	return n, oldest
}

func (w *world) check(seed uint64) {
	w.t.Helper()
	for n := range sessions {
		if wrong := w.misread(n); wrong != "" {
			w.t.Errorf("a read is older than the lease, or newer than its time: session %d, %s: COATCHECK_SEED=%d", n,
				wrong, seed)
		}
	}
	all := w.writes()
	if porcupine.CheckOperationsTimeout(model, all, 0) == porcupine.Ok {
		return
	}
	dir := os.Getenv("ARTIFACTS")
	if dir == "" {
		dir = w.t.ArtifactDir()
	}
	page := filepath.Join(dir, fmt.Sprintf("twonodes-%d.html", seed))
	_, info := porcupine.CheckOperationsVerbose(model, all, 0)
	if err := porcupine.VisualizePath(model, info, page); err != nil {
		w.t.Errorf("draw history: %v", err)
	}
	w.t.Errorf("a write was lost, or undone: COATCHECK_SEED=%d, drawn in %s", seed, page)
}
