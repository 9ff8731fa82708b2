package redis_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"coatcheck.dev/store"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/test/internal/redisserver"
	"coatcheck.dev/test/internal/trial"
)

// rounds is how often a fault happens: 5 times, or 200 under torture.
func rounds() int { return trial.Times(5, 200) }

func session(user string) store.Record {
	now := time.Now()
	return store.Record{
		ID: store.NewID(), User: user,
		CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(24 * time.Hour), IdleTimeout: time.Hour,
	}
}

// A ledger is what the store has acknowledged of the sessions of one round.
type ledger struct {
	mu    sync.Mutex
	live  map[store.ID]uint64 // the version that was acknowledged, at least
	ended map[store.ID]bool
	open  map[store.ID]bool // a call was not acknowledged: it may have happened or not
}

func newLedger() *ledger {
	return &ledger{live: make(map[store.ID]uint64), ended: make(map[store.ID]bool), open: make(map[store.ID]bool)}
}

// work signs in, saves, and signs out, until the context ends. Most sessions are left as they are.
func (l *ledger) work(ctx context.Context, s *testStore, worker int) {
	for ctx.Err() == nil {
		r := session(fmt.Sprintf("user-%d", worker))
		l.note(r.ID, s.Create(ctx, r, store.ID{}), func() { l.live[r.ID] = 1 })
		if r.Version = 1; rand.IntN(2) == 0 {
			l.note(r.ID, s.Save(ctx, r), func() { l.live[r.ID] = 2 })
		}
		if rand.IntN(2) == 0 {
			_, err := s.Delete(ctx, r.ID)
			l.note(r.ID, err, func() { delete(l.live, r.ID); l.ended[r.ID] = true })
		}
	}
}

// counts returns how many sessions the store has vouched for, and for how many a call has failed.
func (l *ledger) counts() (acknowledged, failed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.live) + len(l.ended), len(l.open)
}

func (l *ledger) note(id store.ID, err error, done func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.open[id] = true
		return
	}
	done()
}

// audit compares what is there with what was acknowledged. A session with a later call that was not acknowledged may be
// gone.
func (l *ledger) audit(t *testing.T, s *testStore) (revived, lost int) {
	t.Helper()
	for id := range l.ended {
		if _, err := l.load(t, s, id); err == nil {
			revived++
		}
	}
	for id, version := range l.live {
		r, err := l.load(t, s, id)
		if !l.open[id] && (err != nil || r.Version < version) {
			lost++
		}
	}
	return revived, lost
}

// load loads a record, and waits for a server that is not there yet.
func (l *ledger) load(t *testing.T, s *testStore, id store.ID) (r store.Record, err error) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		r, err = s.Load(ctx, id)
		cancel()
		if err == nil || errors.Is(err, store.ErrNotFound) {
			return r, err
		}
		if time.Now().After(deadline) {
			t.Fatalf("load: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// A fault is what happens to the servers while sessions come and go, and what there is to wait for until all is well.
type fault struct {
	strike func()
	heal   func()
}

// meet lets workers meet the fault, and audits.
func meet(t *testing.T, s *testStore, f fault) (revived, lost, acknowledged int) {
	t.Helper()
	l := newLedger()
	ctx, cancel := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for i := range 8 {
		workers.Go(func() { l.work(ctx, s, i) })
	}
	work := 2 + rand.IntN(30) // before the fault, never the same
	within(t, time.Minute, "work before the fault", func() bool { n, _ := l.counts(); return n >= work })
	_, before := l.counts()
	f.strike()
	within(t, time.Minute, "a call that meets the fault", func() bool { _, n := l.counts(); return n > before })
	cancel()
	workers.Wait()
	f.heal()
	acknowledged, _ = l.counts()
	revived, lost = l.audit(t, s)
	return revived, lost, acknowledged
}

// torture meets a fault again and again. Where the settings promise that nothing is lost, nothing may be; elsewhere the
// check must have said so before.
func torture(t *testing.T, s *testStore, promised bool, next func() fault) {
	t.Helper()
	findings, err := s.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !promised && !warns(findings) {
		t.Errorf("the check warns of nothing: %+v", findings)
	}
	var revived, lost, acknowledged int
	for range rounds() {
		r, l, a := meet(t, s, next())
		revived, lost, acknowledged = revived+r, lost+l, acknowledged+a
	}
	t.Logf("%d rounds, %d sessions acknowledged: %d revived, %d lost", rounds(), acknowledged, revived, lost)
	if promised && (revived > 0 || lost > 0) {
		t.Error("what was acknowledged must last")
	}
	if acknowledged < 2*rounds() {
		t.Error("too little was acknowledged to prove anything")
	}
}

func warns(findings []store.Finding) bool {
	for _, f := range findings {
		if f.Severity == store.Limit {
			return true
		}
	}
	return false
}

func TestKilledWithAnAppendOnlyFile(t *testing.T) {
	t.Parallel() // mostly it waits
	for _, c := range []struct {
		fsync    string
		promised bool
	}{{"always", true}, {"everysec", false}} {
		t.Run(c.fsync, func(t *testing.T) {
			node := redisserver.Start(t, "--appendonly", "yes", "--appendfsync", c.fsync)
			s := viaRueidis(redisserver.RueidisClient(t, node.Addr)).open(t, "", redisstore.Fast)
			torture(t, s, c.promised, func() fault { return fault{node.Kill, node.Restart} })
		})
	}
}

// The master stops in the middle of its work, a replica takes its place, and the old one comes back.
func TestFailoverBySentinel(t *testing.T) {
	t.Parallel() // mostly it waits
	for _, c := range []struct {
		name     string
		replicas int
		promised bool
	}{{"Replicated", 2, true}, {"Fast", 0, false}} {
		t.Run(c.name, func(t *testing.T) {
			set := redisserver.StartSentinels(t, 2)
			d := viaRueidis(set.Rueidis())
			durability := redisstore.Fast
			if c.replicas > 0 {
				durability = redisstore.Replicated(c.replicas, time.Second, d.pipeline)
			}
			torture(t, d.open(t, "", durability), c.promised, func() fault {
				old := set.Master()
				return fault{
					func() { old.Proc.Signal(syscall.SIGSTOP) },
					func() {
						master := set.AwaitMasterOtherThan(old)
						old.Proc.Signal(syscall.SIGCONT)
						old.Follow(master) // as the Sentinels would tell it in ten seconds
						set.AwaitWhole()
					},
				}
			})
		})
	}
}

// The master of a third of the slots is lost, and its replica takes its place.
func TestLossOfAClusterMaster(t *testing.T) {
	t.Parallel() // mostly it waits
	for _, c := range []struct {
		name     string
		replicas int
		promised bool
	}{{"Replicated", 1, true}, {"Fast", 0, false}} {
		t.Run(c.name, func(t *testing.T) {
			cluster := redisserver.StartCluster(t, "--cluster-node-timeout", "1000")
			d := viaRueidis(cluster.Rueidis())
			durability := redisstore.Fast
			if c.replicas > 0 {
				durability = redisstore.Replicated(c.replicas, time.Second, d.pipeline)
			}
			torture(t, d.open(t, "", durability), c.promised, func() fault {
				slot := rand.IntN(16384)
				old := cluster.Master(slot, cluster.Nodes[0])
				return fault{old.Kill, func() {
					cluster.AwaitMasterOtherThan(slot, old)
					old.Restart()
					cluster.AwaitWhole()
				}}
			})
		})
	}
}
