package index_test

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/cmd/coatcheck/internal/span"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// After whatever two nodes do, with the feed cut and restored and the program killed in between, the index settles on
// what the store has; and what has ended is in no answer even while nobody tells.
//
// Rows: I1
func TestIndexSettlesOnWhatTheStoreHas(t *testing.T) {
	rounds := 200
	if os.Getenv("COATCHECK_TORTURE") != "" {
		rounds = 5000
	}
	feed := &feedCut{}
	s := newStand(t, func(o *index.Options) {
		feed.Feed = o.Feed
		o.Feed, o.Lease, o.CheckEvery = feed, time.Hour, 20*time.Millisecond
		o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	})
	m := &model{stand: s, feed: feed, r: rand.New(rand.NewPCG(7, 11)), dir: t.TempDir()}
	m.nodes = []*session.Manager{s.sessions, session.New(s.store, session.Options{SweepInterval: -1})}
	s.open()
	for m.round = range rounds {
		for range 1 + m.r.IntN(20) {
			m.step()
		}
		if m.round%20 == 19 {
			m.kill()
		}
		feed.restore()
		m.settle()
	}
}

// A model is what is done to a store, and the index that has to follow.
type model struct {
	*stand
	nodes []*session.Manager
	feed  *feedCut
	r     *rand.Rand
	dir   string
	round int
	ids   []store.ID
}

func (m *model) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatalf("round %d: %v", m.round, err)
	}
}

func (m *model) step() {
	ctx, node := m.t.Context(), pick(m.r, m.nodes)
	switch n := m.r.IntN(20); {
	case n < 9 || len(m.ids) == 0:
		record := someRecord(m.r, time.Now())
		if m.r.IntN(5) == 0 { // ends soon
			record.ExpiresAt = time.Now().Add(time.Duration(m.r.IntN(60)) * time.Millisecond)
		}
		m.must(m.store.Create(ctx, record, store.ID{}))
		m.ids = append(m.ids, record.ID)
	case n < 12:
		m.must(m.store.Touch(ctx, []store.Seen{{ID: pick(m.r, m.ids), At: time.Now()}}))
	case n < 14:
		if record, err := m.store.Load(ctx, pick(m.r, m.ids)); err == nil {
			record.Auth = append(record.Auth, store.Auth{Method: pick(m.r, methods), At: time.Now(), Level: 2})
			record.ExpiresAt = record.ExpiresAt.Add(-time.Minute)
			m.must(m.store.Save(ctx, record))
		}
	case n < 17:
		id := pick(m.r, m.ids)
		_, err := node.Revoke(ctx, id)
		m.must(err)
		page, err := m.Select(ctx, index.Query{Handle: id.String()}, "", 1)
		if errors.Is(err, index.ErrNotReady) {
			break
		}
		m.must(err)
		if !page.Fresh || len(page.Sessions) != 0 {
			m.t.Errorf("round %d: what has ended is shown: %+v", m.round, page)
		}
	case n == 17:
		user := pick(m.r, people)
		if user == "" {
			m.must(node.RevokeBefore(ctx, time.Now()))
			break
		}
		if m.r.IntN(2) == 0 {
			m.must(node.RevokeUserBefore(ctx, user, time.Now()))
			break
		}
		_, err := node.RevokeUser(ctx, user)
		m.must(err)
	case n == 18:
		_, err := m.store.Sweep(ctx, time.Now(), 100)
		m.must(err)
	case m.r.IntN(2) == 0:
		m.feed.cut()
	default:
		m.feed.restore()
	}
}

// kill goes on with what kill -9 would have left of the file: what was written until then, without an end.
func (m *model) kill() {
	left := filepath.Join(m.dir, strconv.Itoa(m.round)+".db")
	for _, end := range []string{"", "-wal"} {
		text, err := os.ReadFile(m.options.Path + end)
		if err == nil {
			m.must(os.WriteFile(left+end, text, 0o600))
		}
	}
	m.Close()
	m.options.Path = left
	m.Index = index.Open(m.options)
	m.t.Cleanup(m.Close)
}

// settle waits until the index tells the same as the store, and fails if it never does.
func (m *model) settle() {
	m.t.Helper()
	m.await()
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		differs := m.differs()
		if differs == "" {
			return
		}
		if time.Now().After(until) {
			m.t.Fatalf("round %d: %s; %+v", m.round, differs, m.Status())
		}
	}
}

// differs says in what the index differs from the store, by its own words alone: nothing is looked up.
func (m *model) differs() string {
	now := time.Now()
	all := everything(m.t, m.nodes[0])
	told := make(map[store.ID]bool)
	m.must(m.Each(m.t.Context(), index.Query{}, now, func(ids []store.ID) error {
		for _, id := range ids {
			told[id] = true
		}
		return nil
	}))
	for _, info := range all {
		if !told[info.Handle] {
			return info.Handle.String() + " is missing"
		}
		delete(told, info.Handle)
	}
	if len(told) > 0 {
		return strconv.Itoa(len(told)) + " are there that have ended"
	}
	some := m.ids[m.r.IntN(len(m.ids))].String()
	for _, q := range queries(m.t, some) {
		if m.r.IntN(6) > 0 {
			continue
		}
		n, err := m.Count(m.t.Context(), q)
		m.must(err)
		want := 0
		for _, info := range all {
			if q.Match(info, time.Now()) {
				want++
			}
		}
		if n != want {
			return q.Values().Encode() + ": " + strconv.Itoa(n) + " instead of " + strconv.Itoa(want)
		}
	}
	return ""
}

// A feedCut is a feed across a network, which can be cut.
type feedCut struct {
	store.Feed
	mu   sync.Mutex
	tell []func(store.Notice)
	off  bool
}

func (f *feedCut) Subscribe(tell func(store.Notice)) (stop func()) {
	stop = f.Feed.Subscribe(func(n store.Notice) {
		f.mu.Lock()
		off := f.off
		f.mu.Unlock()
		if !off {
			tell(n)
		}
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell = append(f.tell, tell)
	tell(f.stands())
	return stop
}

func (f *feedCut) stands() store.Notice {
	if f.off {
		return store.Notice{Kind: store.Lost}
	}
	return store.Notice{Kind: store.Beat, At: time.Now()}
}

func (f *feedCut) cut()     { f.set(true) }
func (f *feedCut) restore() { f.set(false) }

func (f *feedCut) set(off bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.off == off {
		return
	}
	f.off = off
	for _, tell := range f.tell {
		tell(f.stands())
	}
}

// A file that is damaged, of another version or of another store is made anew, and the answers are right again.
func TestDamagedFilesAreMadeAnew(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, o *index.Options){
		"another store": func(_ *testing.T, o *index.Options) { o.Store = "another" },
		"no database": func(t *testing.T, o *index.Options) {
			if err := os.WriteFile(o.Path, []byte("what is this?"), 0o644); err != nil {
				t.Fatal(err)
			}
		},
		"empty": func(t *testing.T, o *index.Options) {
			if err := os.Truncate(o.Path, 0); err != nil {
				t.Fatal(err)
			}
		},
		"cut off": func(t *testing.T, o *index.Options) {
			if err := os.Truncate(o.Path, 20<<10); err != nil {
				t.Fatal(err)
			}
		},
		"scribbled on": func(t *testing.T, o *index.Options) {
			text, err := os.ReadFile(o.Path)
			if err != nil {
				t.Fatal(err)
			}
			for i := 4096; i < len(text); i++ {
				text[i] ^= 0x55
			}
			if err := os.WriteFile(o.Path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			r := rand.New(rand.NewPCG(1, 1))
			for range 300 {
				if err := s.store.Create(t.Context(), someRecord(r, time.Now()), store.ID{}); err != nil {
					t.Fatal(err)
				}
			}
			s.open()
			s.Close()
			damage(t, &s.options)
			s.open()
			n, err := s.Count(t.Context(), index.Query{SignedIn: index.Yes})
			want := 0
			for _, info := range everything(t, s.sessions) {
				if info.User != "" {
					want++
				}
			}
			if err != nil || n != want {
				t.Errorf("counted %d, %v; want %d", n, err, want)
			}
			if info, err := os.Stat(s.options.Path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		})
	}
}

// A file that is damaged, or gone, while it is used gives no wrong answers: it is made anew at once.
func TestFilesAreDamagedWhileTheyAreUsed(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"cut off": func(path string) error { return os.Truncate(path, 0) },
		"scribbled on": func(path string) error {
			text, err := os.ReadFile(path)
			for i := range text {
				text[i] ^= 0x55
			}
			return errors.Join(err, os.WriteFile(path, text, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			r := rand.New(rand.NewPCG(1, 1))
			create := func() {
				t.Helper()
				for range 300 {
					if err := s.store.Create(t.Context(), someRecord(r, time.Now()), store.ID{}); err != nil {
						t.Fatal(err)
					}
				}
			}
			create()
			s.open()
			s.Close()
			s.open() // a file that was there is made anew without waiting
			if err := damage(s.options.Path); err != nil {
				t.Fatal(err)
			}
			create()
			want := len(everything(t, s.sessions))
			for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
				n, err := s.Count(t.Context(), index.Query{Created: index.Span{After: edge(t, "100000h")}})
				if err == nil && n == want && s.Status().Made == 1 {
					break
				}
				if err == nil && n > want || err != nil && !errors.Is(err, index.ErrNotReady) {
					t.Errorf("counted %d of %d, %v", n, want, err)
				}
				if time.Now().After(deadline) {
					t.Fatalf("counted %d of %d, %v; %+v", n, want, err, s.Status())
				}
			}
		})
	}
}

func edge(t *testing.T, text string) span.Edge {
	t.Helper()
	e, ok := span.Parse(text)
	if !ok {
		t.Fatal(text)
	}
	return e
}
