package near

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
	"coatcheck.dev/test/internal/trial"
	"coatcheck.dev/test/internal/wire"
)

const (
	chaosNodes   = 3
	chaosClients = 6
	chaosTime    = 2 * time.Minute // of a bubble
	chaosLease   = 3 * time.Second
	over         = 1 << 62 // later than every version
)

// A life is what the test knows of one session: when each version of it was acknowledged, and each node has heard of
// it.
type life struct {
	user   string
	acked  []time.Time        // by version-1
	ending time.Time          // when somebody first tried to end it
	ended  time.Time          // when that was acknowledged
	heard  [chaosNodes]uint64 // notices of a version
	floor  [chaosNodes]uint64 // the version that the node must know
}

// version returns the latest one that had been acknowledged at a time.
func (l *life) version(at time.Time) uint64 {
	if !l.ended.IsZero() && !l.ended.After(at) {
		return over
	}
	v := uint64(0)
	for i, acked := range l.acked {
		if !acked.IsZero() && !acked.After(at) {
			v = uint64(i + 1)
		}
	}
	return v
}

// A chaos is some nodes with caches over one store, whose wires break all the time.
type chaos struct {
	*testing.T
	nodes [chaosNodes]near.Store
	wires [chaosNodes]*wire.Store

	mu    sync.Mutex
	lives map[store.ID]*life
	out   map[string]int // users who are being signed out everywhere
	ids   []store.ID
	reads map[string]int
}

// Whatever becomes of the wires: nobody reads what was replaced, or lets in what was ended, longer than a lease ago.
// What a node's feed has told, or a beat has vouched for, or the node itself has answered or written, it never
// contradicts.
//
// Rows: I1
func TestNoStaleReadUnderChaos(t *testing.T) {
	t.Parallel()
	rounds, seed := trial.Times(20, 1000), trial.Seed(t)
	reads := make(map[string]int)
	for i := range uint64(rounds) {
		synctest.Test(t, func(t *testing.T) { newChaos(t, reads).run(seed + i) })
		if t.Failed() {
			t.Fatalf("in the round of COATCHECK_SEED=%d", seed+i)
		}
	}
	t.Logf("%d rounds: %v", rounds, reads)
	for _, kind := range []string{"peeked", "hits", "leased", "refused", "old", "none", "saved", "ended"} {
		if reads[kind] == 0 {
			t.Errorf("nothing was %s in any round", kind)
		}
	}
}

func newChaos(t *testing.T, reads map[string]int) *chaos {
	c := &chaos{T: t, lives: make(map[store.ID]*life), out: make(map[string]int), reads: reads}
	far := memory.New()
	for i := range c.nodes {
		w := wire.New(far, wire.Options{Delay: 100 * time.Millisecond, Call: 30 * time.Millisecond})
		t.Cleanup(w.Close)
		c.wires[i] = w
		c.nodes[i] = near.New(w, near.Options{Lease: chaosLease})
		t.Cleanup(c.nodes[i].Close)
		t.Cleanup(c.nodes[i].(store.Feed).Subscribe(func(n store.Notice) { c.told(i, n) }))
	}
	return c
}

// told raises what a node has to know.
func (c *chaos) told(node int, n store.Notice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch l := c.lives[n.ID]; {
	case n.Kind == store.Beat:
		for _, l := range c.lives {
			l.floor[node] = max(l.floor[node], l.version(n.At))
		}
	case l == nil || n.Kind == store.Lost:
	case n.Kind == store.Created || n.Kind == store.Saved: // not all of them are heard, so it is this version at least
		l.heard[node]++
		l.floor[node] = max(l.floor[node], l.heard[node])
	default:
		l.floor[node] = over
	}
}

func (c *chaos) run(seed uint64) {
	stop := make(chan struct{})
	var running, breaking sync.WaitGroup
	breaking.Go(func() { c.breakWires(rand.New(rand.NewPCG(seed, 1000)), stop) })
	until := time.Now().Add(chaosTime)
	for id := range chaosClients {
		rng := rand.New(rand.NewPCG(seed, uint64(id)))
		running.Go(func() {
			for time.Now().Before(until) {
				c.act(rng)
				time.Sleep(time.Duration(rng.IntN(150)) * time.Millisecond)
			}
		})
	}
	running.Wait()
	close(stop)
	breaking.Wait()
	for _, n := range c.nodes {
		s := n.Stats()
		c.reads["hits"] += int(s.Hits + s.NegativeHits)
		c.reads["leased"] += int(s.LeaseHits)
		c.reads["refused"] += int(s.Refused)
		c.reads["shared"] += int(s.SharedLoads)
	}
}

func (c *chaos) breakWires(rng *rand.Rand, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(rng.IntN(3000)) * time.Millisecond):
		}
		w := c.wires[rng.IntN(chaosNodes)]
		switch rng.IntN(4) {
		case 0:
			w.Break()
		case 1:
			w.Silence()
		default:
			w.Heal()
		}
	}
}

func (c *chaos) act(rng *rand.Rand) {
	ctx, at := context.Background(), rng.IntN(chaosNodes)
	id, ok := c.pick(rng)
	switch n := rng.IntN(100); {
	case !ok || n < 4:
		c.create(ctx, at, fmt.Sprintf("user-%d", rng.IntN(4)), store.ID{}, 0)
	case n < 7:
		if r, err := c.load(ctx, at, id); err == nil {
			c.create(ctx, at, r.User, id, r.Version)
		}
	case n < 25:
		c.save(ctx, at, id)
	case n < 28:
		c.end(ctx, at, id)
	case n < 29:
		c.endUser(ctx, at, fmt.Sprintf("user-%d", rng.IntN(4)))
	case n < 40:
		if err := c.nodes[at].Touch(ctx, []store.Seen{{ID: id, At: time.Now()}}); err != nil {
			c.Errorf("touch: %v", err)
		}
	case n < 60:
		c.peek(at, id)
	default:
		_, _ = c.load(ctx, at, id)
	}
}

// pick returns one of the sessions that were made last.
func (c *chaos) pick(rng *rand.Rand) (store.ID, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ids) == 0 {
		return store.ID{}, false
	}
	return c.ids[max(0, len(c.ids)-1-rng.IntN(12))], true
}

// A claim is what is known before a read: what the node may answer at the least.
type claim struct {
	least  uint64
	newest uint64
	there  bool // it was there for longer than a lease
}

func (c *chaos) claim(at int, id store.ID) claim {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, now := c.lives[id], time.Now()
	long := l.version(now.Add(-chaosLease - time.Nanosecond))
	return claim{least: max(long, l.floor[at]), newest: l.version(now), there: long > 0}
}

// answered checks an answer against what was claimed before it was asked for; version 0 is none.
func (c *chaos) answered(at int, id store.ID, before claim, version uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lives[id]
	if version == 0 {
		c.reads["none"]++
		if l.ending.IsZero() && (before.there || before.least > 0) {
			c.Errorf("node %d knows nothing of a session that it must know in version %d", at, before.least)
		}
		if !l.ending.IsZero() && before.least > 0 {
			l.floor[at] = over
		}
		return
	}
	if version < before.least {
		c.Errorf("node %d answered with version %d of a session of which it must know %d", at, version, before.least)
	}
	if version < before.newest {
		c.reads["old"]++
	}
	l.floor[at] = max(l.floor[at], version)
}

func (c *chaos) load(ctx context.Context, at int, id store.ID) (store.Record, error) {
	before := c.claim(at, id)
	r, err := c.nodes[at].Load(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		c.Errorf("load: %v", err)
		return r, err
	}
	c.answered(at, id, before, r.Version)
	return r, err
}

func (c *chaos) peek(at int, id store.ID) {
	before := c.claim(at, id)
	if encoded, known := c.nodes[at].Peek(id, time.Now()); known {
		c.answered(at, id, before, encoded.Version)
		c.count("peeked")
	}
}

func (c *chaos) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads[what]++
}

func (c *chaos) create(ctx context.Context, at int, user string, replaces store.ID, version uint64) {
	now := time.Now()
	r := store.Record{
		ID: store.NewID(), Version: version, User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour),
		IdleTimeout: time.Minute,
	}
	c.mu.Lock()
	l := &life{user: user, acked: make([]time.Time, version+1)}
	if c.out[user] > 0 {
		l.ending = now
	}
	c.lives[r.ID] = l
	c.mu.Unlock()
	if !replaces.IsZero() {
		c.willEnd(func(id store.ID, _ *life) bool { return id == replaces })
	}
	err := c.nodes[at].Create(ctx, r, replaces)
	if err != nil {
		if replaces.IsZero() || !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotFound) {
			c.Errorf("create: %v", err)
		}
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l.acked[version] = time.Now()
	l.floor[at] = max(l.floor[at], version+1)
	c.ids = append(c.ids, r.ID)
	if old := c.lives[replaces]; old != nil {
		old.ends(at)
	}
}

// ends notes that the end of a session has been acknowledged. The caller holds the lock.
func (l *life) ends(at int) {
	if l.ended.IsZero() {
		l.ended = time.Now()
	}
	l.floor[at] = over
}

// willEnd notes that some sessions may end from now on.
func (c *chaos) willEnd(which func(store.ID, *life) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, l := range c.lives {
		if which(id, l) && l.ending.IsZero() {
			l.ending = time.Now()
		}
	}
}

func (c *chaos) save(ctx context.Context, at int, id store.ID) {
	r, err := c.load(ctx, at, id)
	if err != nil {
		return
	}
	err = c.nodes[at].Save(ctx, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lives[id]
	switch {
	case errors.Is(err, store.ErrNotFound):
		l.floor[at] = over
		return
	case errors.Is(err, store.ErrConflict):
		return
	case err != nil:
		c.Errorf("save: %v", err)
		return
	}
	for uint64(len(l.acked)) <= r.Version {
		l.acked = append(l.acked, time.Time{})
	}
	l.acked[r.Version] = time.Now()
	l.floor[at] = max(l.floor[at], r.Version+1)
	c.reads["saved"]++
}

func (c *chaos) end(ctx context.Context, at int, id store.ID) {
	c.willEnd(func(other store.ID, _ *life) bool { return other == id })
	if _, err := c.nodes[at].Delete(ctx, id); err != nil {
		c.Errorf("delete: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lives[id].ends(at)
	c.reads["ended"]++
}

func (c *chaos) endUser(ctx context.Context, at int, user string) {
	c.signingOut(user, 1)
	c.willEnd(func(_ store.ID, l *life) bool { return l.user == user })
	ids, err := c.nodes[at].DeleteUser(ctx, user)
	if err != nil {
		c.Errorf("delete user: %v", err)
	}
	c.signingOut(user, -1)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		c.lives[id].ends(at)
	}
}

func (c *chaos) signingOut(user string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out[user] += n
}
