// Package rotation replays what browsers, networks and thieves do to a session whose secret changes: tabs that share
// one cookie jar, responses that get lost, requests that take long, copied cookies. The manager and the stores are the
// real ones; the hours between rotations pass in a bubble of testing/synctest.
//
// Each simulation draws everything that chance decides from a seed, and logs it. COATCHECK_SEED replays one: the same
// requests set out at the same times. Those that meet at the same moment run in parallel, and their order is the
// scheduler's.
package rotation

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	_ "modernc.org/sqlite"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
	"coatcheck.dev/store/sql"
	"coatcheck.dev/test/internal/trial"
)

// A backing is a way to run a site: a store, and how many programs share it.
type backing struct {
	name  string
	nodes int
	share int // 1 for all of the work, 10 for a tenth
	open  func(t testing.TB) store.Store
}

// times returns how often something is done that is done n times where nothing is slow.
func (b backing) times(n int) int {
	if trial.Torture() {
		return 20 * n
	}
	return max(n/b.share, 1)
}

var backings = []backing{
	{"memory", 1, 1, func(testing.TB) store.Store { return memory.New() }},
	{"memory, two nodes", 2, 1, func(testing.TB) store.Store { return memory.New() }},
	{"memory, two nodes with caches", 2, 1, func(testing.TB) store.Store { return nearEach{memory.New()} }},
	{"two nodes that hear nothing of each other", 2, 1, func(testing.TB) store.Store {
		return struct{ store.Store }{memory.New()}
	}},
	{"sqlite, two nodes", 2, sqliteShare, openSQLite},
}

// A nearEach is a store in front of which every node has a cache of its own.
type nearEach struct{ *memory.Store }

// openSQLite opens a new database, which is closed at the end of the test.
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

// onEveryBacking runs a test on each backing, in a bubble of its own.
func onEveryBacking(t *testing.T, test func(t *testing.T, b backing)) {
	t.Helper()
	for _, b := range backings {
		t.Run(b.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, b) })
		})
	}
}

// A site is some managers over one store, and what they have told.
type site struct {
	t     testing.TB
	store store.Store
	nodes []*session.Manager

	mu   sync.Mutex
	told map[event.Kind]int
}

// newSite returns a site with the default rotation: every 30 minutes of use, with 30 seconds of grace.
func newSite(t testing.TB, b backing, o session.Options) *site {
	t.Helper()
	return newSiteOn(t, b.open(t), b.nodes, o)
}

func newSiteOn(t testing.TB, st store.Store, nodes int, o session.Options) *site {
	t.Helper()
	s := &site{t: t, store: st, told: make(map[event.Kind]int)}
	o.IdleTimeout, o.Lifetime = 24*time.Hour, 20_000*time.Hour // what ends here ends by other means
	o.MaxSessions = -1
	o.Events = event.NewQueue(s.observe)
	for range nodes {
		at := st
		if _, ok := st.(nearEach); ok {
			cache := near.New(st, near.Options{})
			t.Cleanup(cache.Close)
			at = cache
		}
		m := session.New(at, o)
		s.nodes = append(s.nodes, m)
		t.Cleanup(func() {
			if err := m.Close(context.Background()); err != nil {
				t.Errorf("close manager: %v", err)
			}
		})
	}
	return s
}

const (
	rotateEvery = 30 * time.Minute // the default of Options.RotateEvery
	grace       = 30 * time.Second // and of Options.RotationGrace
)

func (s *site) observe(e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[e.Kind]++
}

// count returns how often something was told of until now.
func (s *site) count(kinds ...event.Kind) (n int) {
	s.t.Helper()
	synctest.Wait() // the observers are told on goroutines of their own
	for _, m := range s.nodes {
		if lost := m.Options().Events.Lost(); lost != 0 {
			s.t.Fatalf("%d events were lost, so nothing can be counted", lost)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kind := range kinds {
		n += s.told[kind]
	}
	return n
}

// alarms returns how often the site has taken somebody for a thief or a forger.
func (s *site) alarms() int { return s.count(event.Theft, event.Forged) }

// handler returns the site as one of its nodes runs it.
func (s *site) handler(node int, fn http.HandlerFunc) http.Handler {
	return s.nodes[node%len(s.nodes)].Handler(fn)
}

// rows returns how many records the store has of a user.
func (s *site) rows(user string) int {
	s.t.Helper()
	n, err := s.store.Count(context.Background(), user, time.Time{})
	if err != nil {
		s.t.Fatalf("count: %v", err)
	}
	return n
}
