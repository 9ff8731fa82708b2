package redis_test

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
	redisstore "coatcheck.dev/store/redis"
	"coatcheck.dev/store/redis/goredisstore"
	"coatcheck.dev/store/redis/rueidisstore"
	"coatcheck.dev/store/storetest"
	"coatcheck.dev/test/internal/redisserver"
)

// An adapter is what a store needs of a client.
type adapter struct {
	do        redisstore.Doer
	subscribe redisstore.Subscribe
	pipeline  redisstore.Pipeline
}

func goRedis(rdb redis.UniversalClient) adapter {
	return adapter{goredisstore.Do(rdb), goredisstore.Subscribe(rdb), goredisstore.Pipeline(rdb)}
}

func viaRueidis(c rueidis.Client) adapter {
	return adapter{rueidisstore.Do(c), rueidisstore.Subscribe(c), rueidisstore.Pipeline(c)}
}

// A testStore is a store with its adapter and its part of the server.
type testStore struct {
	*redisstore.Store
	adapter
	prefix string
}

func (d adapter) open(t *testing.T, prefix string, durability redisstore.Durability) *testStore {
	s := redisstore.New(d.do, redisstore.Options{Prefix: prefix, Subscribe: d.subscribe, Durability: durability})
	t.Cleanup(s.Close)
	return &testStore{s, d, prefix}
}

// harness gives each case a prefix of its own on a server that all share.
func harness(d adapter, durability redisstore.Durability) storetest.Harness {
	return storetest.Harness{
		New: func(t *testing.T) store.Store { return d.open(t, rand.Text()+":", durability) },
		Reopen: func(t *testing.T, s store.Store) store.Store {
			s.(*testStore).Close()
			return d.open(t, s.(*testStore).prefix, durability)
		},
		Damage: func(t *testing.T, s store.Store, id store.ID) { damage(t, s.(*testStore), id) },
	}
}

// behindNear puts a cache in front of each store, and fails a test in which that has answered nothing.
func behindNear(t *testing.T, d adapter, durability redisstore.Durability) storetest.Harness {
	var hits uint64
	t.Cleanup(func() {
		if t.Logf("%d reads were answered from the cache", hits); hits == 0 {
			t.Error("the suite has tested the store behind the cache")
		}
	})
	return storetest.Harness{New: func(t *testing.T) store.Store {
		st := near.New(d.open(t, rand.Text()+":", durability).Store, near.Options{})
		t.Cleanup(func() {
			hits += st.Stats().Hits + st.Stats().NegativeHits
			st.Close()
		})
		return storetest.Shift(st)
	}}
}

func damage(t *testing.T, s *testStore, id store.ID) {
	key := s.RecordKey(id)
	if _, err := s.do(context.Background(), key, "SETRANGE", key, 49, "\xff"); err != nil {
		t.Fatal(err)
	}
}

func TestOneNode(t *testing.T) {
	t.Parallel()
	node := redisserver.Start(t)
	for name, d := range map[string]adapter{
		"go-redis": goRedis(redisserver.GoRedisClient(t, node.Addr)),
		"rueidis":  viaRueidis(redisserver.RueidisClient(t, node.Addr)),
	} {
		h := harness(d, redisstore.Fast)
		h.Demote = func(t *testing.T, _ store.Store) (restore func()) {
			node.Do("REPLICAOF", "127.0.0.1", "1") // nobody is there, so it keeps what it has
			return func() { node.Do("REPLICAOF", "NO", "ONE") }
		}
		t.Run(name, h.Run)
	}
}

// It is no parallel test itself: Sentinels that get no time take a master for dead.
func TestSentinel(t *testing.T) {
	s := redisserver.StartSentinels(t, 1)
	run := func(name string, h func(t *testing.T) storetest.Harness) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h(t).Run(t)
		})
	}
	run("rueidis", func(*testing.T) storetest.Harness { return harness(viaRueidis(s.Rueidis()), redisstore.Fast) })
	run("rueidis behind near", func(t *testing.T) storetest.Harness {
		d := viaRueidis(s.Rueidis())
		return behindNear(t, d, redisstore.Replicated(1, 5*time.Second, d.pipeline))
	})
	run("go-redis", func(*testing.T) storetest.Harness {
		d := goRedis(s.GoRedis())
		return harness(d, redisstore.Replicated(1, 5*time.Second, d.pipeline))
	})
	run("go-redis behind near", func(t *testing.T) storetest.Harness {
		return behindNear(t, goRedis(s.GoRedis()), redisstore.Fast)
	})
}

// While the suite runs, the slots of the records move from node to node. No replica takes a master's place meanwhile: a
// machine that stood still would be a failover, and the mover would not know who has what.
func TestClusterOnTheMove(t *testing.T) {
	t.Parallel()
	c := redisserver.StartCluster(t, "--cluster-replica-no-failover", "yes", "--cluster-node-timeout", "60000")
	for name, d := range map[string]adapter{"rueidis": viaRueidis(c.Rueidis()), "go-redis": goRedis(c.GoRedis())} {
		t.Run(name, func(t *testing.T) { onTheMove(t, c, harness(d, redisstore.Fast)) })
		t.Run(name+" behind near", func(t *testing.T) { onTheMove(t, c, behindNear(t, d, redisstore.Fast)) })
	}
}

// onTheMove lets the slots stand still where the store promises something only then: the order of one record's notices.
func onTheMove(t *testing.T, c *redisserver.Cluster, h storetest.Harness) {
	m := keepMoving(t, c)
	open := h.New
	h.New = func(t *testing.T) store.Store {
		if m.failed.Load() {
			t.Fatal("the slots stand still because a move failed")
		}
		if strings.Contains(t.Name(), "/feed/") && strings.Contains(t.Name(), "order") {
			m.Lock()
			t.Cleanup(m.Unlock)
		}
		return open(t)
	}
	h.Run(t)
	t.Logf("%d slots were moved meanwhile", m.n.Load())
	if m.n.Load() < 10 {
		t.Errorf("only %d slots were moved", m.n.Load())
	}
}

// A mover moves slots while nobody holds its lock.
type mover struct {
	sync.Mutex
	n      atomic.Int64 // how many it has moved
	failed atomic.Bool
}

// keepMoving moves one slot after another, of those that have keys, until the test ends.
func keepMoving(t *testing.T, c *redisserver.Cluster) *mover {
	var m mover
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	key := redisstore.New(goredisstore.Do(c.GoRedis()), redisstore.Options{}).RecordKey
	move := func() error {
		m.Lock()
		defer m.Unlock()
		return c.Move(context.Background(), c.Slot(key(store.NewID())))
	}
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := move(); err != nil {
				m.failed.Store(true)
				t.Errorf("move a slot: %v\n%s", err, c.Views())
				return
			}
			m.n.Add(1)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return &m
}
