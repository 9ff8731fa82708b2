// Package history checks that sessions behave as if one thing happened after the other, although eight clients use them
// at once through one program or two. Random histories are recorded and checked with porcupine against a specification
// of a hundred lines, in model_test.go: no sequence of the operations that keeps the order of those that did not
// overlap explains an answer that it calls illegal.
//
// Each history is drawn from a seed, which is logged. COATCHECK_SEED begins with a certain one: the same operations at
// the same times, but those that meet at the same moment are ordered by the scheduler. COATCHECK_TORTURE=1 checks 5,000
// histories on each of five backings instead of 60, and a third of that on two servers. An illegal history is written
// as a page to the folder that ARTIFACTS names, or to that of go test -artifacts.
package history

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"
	_ "modernc.org/sqlite"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
	"coatcheck.dev/store/sql"
	"coatcheck.dev/test/internal/mariadb"
	"coatcheck.dev/test/internal/postgres"
	"coatcheck.dev/test/internal/trial"
)

const rotateEvery = 3 * time.Second

// A backing is a way to run a site: a store, and how many programs share it.
type backing struct {
	name  string
	nodes int
	open  func(t testing.TB) store.Store
}

var backings = []backing{
	{"memory", 1, func(testing.TB) store.Store { return memory.New() }},
	{"memory that takes its time, two nodes", 2, func(testing.TB) store.Store {
		st := memory.New()
		return struct {
			store.Store
			store.Feed
		}{&hesitant{Store: st}, st}
	}},
	{"memory that takes its time, two nodes with caches", 2, func(testing.TB) store.Store {
		st := memory.New()
		return nearEach{&hesitant{Store: st}, st}
	}},
	{"two nodes that hear nothing of each other", 2, func(testing.TB) store.Store {
		return &hesitant{Store: memory.New()}
	}},
	{"sqlite, two nodes", 2, openSQLite},
}

// A nearEach is a store in front of which every node has a cache of its own.
type nearEach struct {
	store.Store
	store.Feed
}

// servers are backings that another process keeps, which takes a while: of three histories they get one.
var servers = []struct {
	name  string
	start func(t testing.TB) (open func(t testing.TB) store.Store)
}{
	{"postgresql, two nodes", func(t testing.TB) func(testing.TB) store.Store {
		server := postgres.Start(t)
		return func(t testing.TB) store.Store {
			return openServer(t, server.Open(t, server.Create(t)), sqlstore.PostgreSQL)
		}
	}},
	{"mariadb, two nodes", func(t testing.TB) func(testing.TB) store.Store {
		server := mariadb.Start(t)
		return func(t testing.TB) store.Store {
			return openServer(t, server.Open(t, server.Create(t), "interpolateParams=true"), sqlstore.MySQL)
		}
	}},
}

// openServer leaves the feed out: it looks several times a second, and days pass in a history.
func openServer(t testing.TB, db *sql.DB, d sqlstore.Dialect) store.Store {
	t.Helper()
	db.SetMaxOpenConns(16)
	st := sqlstore.New(db, d)
	t.Cleanup(func() {
		if err := st.Close(context.Background()); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return struct{ store.Store }{st}
}

func openSQLite(t testing.TB) store.Store {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	st := sqlstore.New(db, sqlstore.SQLite)
	t.Cleanup(func() {
		if err := st.Close(context.Background()); err != nil {
			t.Errorf("close store: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return st
}

// A hesitant store waits before and after each call, so that calls overlap in every way.
type hesitant struct{ store.Store }

// hesitate waits on the machine's clock, not on that of the bubble, in which nothing else would run meanwhile.
func hesitate() {
	if n := rand.IntN(4); n > 0 {
		pause := syscall.NsecToTimespec(int64(n) * 20_000)
		_ = syscall.Nanosleep(&pause, nil)
	}
}

func (s *hesitant) Load(ctx context.Context, id store.ID) (store.Record, error) {
	hesitate()
	defer hesitate()
	return s.Store.Load(ctx, id)
}

func (s *hesitant) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	hesitate()
	defer hesitate()
	return s.Store.Create(ctx, r, replaces)
}

func (s *hesitant) Save(ctx context.Context, r store.Record) error {
	hesitate()
	defer hesitate()
	return s.Store.Save(ctx, r)
}

func (s *hesitant) Delete(ctx context.Context, id store.ID) (bool, error) {
	hesitate()
	defer hesitate()
	return s.Store.Delete(ctx, id)
}

func (s *hesitant) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	hesitate()
	defer hesitate()
	return s.Store.DeleteUser(ctx, user, keep...)
}

// newNodes returns managers over a store. Sessions rotate every few seconds, and nothing is swept.
func newNodes(t testing.TB, st store.Store, n int, observe event.Observer) []*session.Manager {
	t.Helper()
	var nodes []*session.Manager
	for range n {
		at := st
		if _, ok := st.(nearEach); ok {
			cache := near.New(st, near.Options{})
			t.Cleanup(cache.Close)
			at = cache
		}
		m := session.New(at, session.Options{
			Lifetime: lifetime, IdleTimeout: 100 * lifetime, RotateEvery: rotateEvery, RotationGrace: time.Second,
			MaxSessions: -1, SweepInterval: -1, Events: event.NewQueue(observe),
		})
		t.Cleanup(func() {
			if err := m.Close(context.Background()); err != nil {
				t.Errorf("close manager: %v", err)
			}
		})
		nodes = append(nodes, m)
	}
	return nodes
}

// run has eight clients make one history: some operations each, then all sessions expire while some requests are still
// under way, then some operations more.
func run(t testing.TB, nodes []*session.Manager, seed uint64) []porcupine.Operation {
	w := newWorld(t, nodes, seed)
	var running sync.WaitGroup
	for id := range clients {
		c := &client{world: w, id: id, rng: rand.New(rand.NewPCG(seed, uint64(id)))}
		running.Go(func() {
			c.acts()
			time.Sleep(time.Until(w.noon()))
			if c.rng.IntN(2) == 0 {
				c.act(2 * lifetime)
			}
			// soon enough that what the slow requests have made lives on
			afternoon := w.noon().Add(2*lifetime + 10*rotateEvery)
			if time.Now().After(afternoon) {
				t.Errorf("client %d is late: what it sees now may have expired unnoticed", id)
			}
			time.Sleep(time.Until(afternoon))
			c.acts()
		})
	}
	time.Sleep(time.Until(w.noon()) + tick)
	w.expire()
	running.Wait()
	return w.ops
}

func (c *client) acts() {
	for range ops {
		time.Sleep(time.Duration(c.rng.IntN(3)) * tick)
		slow := time.Duration(0)
		if c.rng.IntN(4) == 0 {
			slow = time.Duration(1+c.rng.IntN(3)) * tick
		}
		c.act(slow)
	}
}

// noon is when everything before it has been done.
func (w *world) noon() time.Time { return w.began.Add(lifetime / 2) }

// expire waits until all sessions that there are have ended, and notes it of each line.
func (w *world) expire() {
	call := w.clock.Add(1)
	w.mu.Lock()
	taken := w.taken
	w.mu.Unlock()
	time.Sleep(lifetime + tick)
	back := w.clock.Add(1)
	for user, n := range taken {
		for line := range n {
			w.note(clients, input{kind: expire, user: user, line: line}, call, output{}, back)
		}
	}
}

// histories returns how many are checked on each backing.
func histories() int { return trial.Times(40, 5000) }

// perStore is how many histories are made on one store, one after the other.
const perStore = 20

// Whatever eight clients do at once through one node or two, the answers are those of some sequence: an ended session
// never comes back, no update is lost, nobody reads what is not there any more, and revoking a user's sessions is one
// step.
//
// Rows: R3, A15, A16, I1, I3
func TestHistoriesAreLinearizable(t *testing.T) {
	for _, b := range backings {
		t.Run(b.name, func(t *testing.T) { b.check(t, histories()) })
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) { backing{s.name, 2, s.start(t)}.check(t, histories()/3) })
	}
}

// check makes histories and has each of them explained.
func (b backing) check(t *testing.T, histories int) {
	seed := trial.Seed(t)
	var total counts
	for first := 0; first < histories; first += perStore {
		synctest.Test(t, func(t *testing.T) {
			nodes := newNodes(t, b.open(t), b.nodes, total.observe)
			for i := range uint64(perStore) {
				checkLegal(t, run(t, nodes, seed+uint64(first)+i), seed+uint64(first)+i, &total)
			}
		})
	}
	total.check(t)
}

// checkLegal fails the test if no sequence explains a history.
func checkLegal(t *testing.T, history []porcupine.Operation, seed uint64, total *counts) {
	t.Helper()
	total.add(history)
	if porcupine.CheckOperationsTimeout(model, history, 0) == porcupine.Ok {
		return
	}
	dir := os.Getenv("ARTIFACTS")
	if dir == "" {
		dir = t.ArtifactDir()
	}
	page := filepath.Join(dir, fmt.Sprintf("history-%d.html", seed))
	_, info := porcupine.CheckOperationsVerbose(model, history, 0)
	if err := porcupine.VisualizePath(model, info, page); err != nil {
		t.Errorf("draw history: %v", err)
	}
	t.Errorf("an illegal history: COATCHECK_SEED=%d, drawn in %s", seed, page)
}
