package rollback_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/move"
	"coatcheck.dev/cmd/coatcheck/internal/rollback"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/storetest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, inner backend.Store, o rollback.Options) *rollback.Store {
	t.Helper()
	if o.File == "" {
		o.File = filepath.Join(t.TempDir(), "rollback.json")
	}
	s, err := rollback.Open(t.Context(), inner, o)
	must(t, err)
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, memory.New(), rollback.Options{}) })
}

func session(user string) store.Record {
	now := time.Now()
	return store.Record{ID: store.NewID(), User: user, CreatedAt: now, LastSeen: now, ExpiresAt: now.Add(time.Hour)}
}

// backup is what a store has at this moment, as another store.
func backup(t testing.TB, s backend.Store) backend.Store {
	t.Helper()
	copied := memory.New()
	_, err := move.Copy(t.Context(), s, copied, move.Options{})
	must(t, err)
	return copied
}

// Whatever ends a session, the backup from before is noticed.
func TestRestored(t *testing.T) {
	for name, end := range map[string]func(t testing.TB, s *rollback.Store, r store.Record){
		"delete": func(t testing.TB, s *rollback.Store, r store.Record) {
			_, err := s.Delete(t.Context(), r.ID)
			must(t, err)
		},
		"delete what was removed by hand": func(t testing.TB, s *rollback.Store, r store.Record) {
			_, err := s.Store.Delete(t.Context(), r.ID)
			must(t, err)
			_, err = s.Delete(t.Context(), r.ID)
			must(t, err)
		},
		"delete user": func(t testing.TB, s *rollback.Store, r store.Record) {
			_, err := s.DeleteUser(t.Context(), r.User)
			must(t, err)
		},
		"switch": func(t testing.TB, s *rollback.Store, r store.Record) {
			must(t, s.SetNotBefore(t.Context(), r.User, time.Now()))
		},
		"replace, and an orderly end": func(t testing.TB, s *rollback.Store, r store.Record) {
			next := session(r.User)
			next.Version = 1
			must(t, s.Create(t.Context(), next, r.ID))
			must(t, s.Close(t.Context()))
		},
	} {
		for _, before := range []bool{false, true} { // whether the node had ended something before the backup
			for _, accept := range []bool{false, true} {
				inner, path := memory.New(), filepath.Join(t.TempDir(), "rollback.json")
				s := open(t, inner, rollback.Options{File: path})
				r, other := session("ada"), session("alan")
				must(t, s.Create(t.Context(), r, store.ID{}))
				must(t, s.Create(t.Context(), other, store.ID{}))
				if before {
					_, err := s.Delete(t.Context(), other.ID)
					must(t, err)
				}
				old := backup(t, inner)
				end(t, s, r)

				for range 2 {
					if all, _ := open(t, inner,
						rollback.Options{File: path}).NotBefore(t.Context()); !all[""].IsZero() {
						t.Errorf("%s: the store itself counts as restored", name)
					}
				}
				var log bytes.Buffer
				again := open(t, old, rollback.Options{File: path, AcceptRestored: accept,
					Log: slog.New(slog.NewTextHandler(&log, nil))})
				all, err := again.NotBefore(t.Context())
				must(t, err)
				if refused := !all[""].Before(r.CreatedAt); refused == accept ||
					!strings.Contains(log.String(), "--accept-restored-store") {
					t.Errorf("%s, before %v, accept %v: refused %v, log %s", name, before, accept, refused, &log)
				}
				log.Reset()
				open(t, old, rollback.Options{File: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
				if log.Len() > 0 {
					t.Errorf("%s: it is said again: %s", name, &log)
				}
			}
		}
	}
}

// Another store is not a restored one, and another node knows nothing of this one's.
func TestNotRestored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rollback.json")
	first := memory.New()
	s := open(t, first, rollback.Options{File: path})
	must(t, s.SetNotBefore(t.Context(), "ada", time.Now()))
	second := memory.New()
	for _, s := range []*rollback.Store{
		open(t, second, rollback.Options{File: path, Place: "elsewhere"}),
		open(t, first, rollback.Options{File: path}),
		open(t, first, rollback.Options{}),
	} {
		if all, err := s.NotBefore(t.Context()); err != nil || !all[""].IsZero() || len(all) > 1 {
			t.Errorf("switches %v, %v", all, err)
		}
	}
}

// A store that was emptied, or whose names somebody has deleted, counts as restored at the place where it was: once and
// nowhere else. Another node that has not been there before hides nothing by giving it a name.
func TestVanished(t *testing.T) {
	for _, ended := range []bool{false, true} { // whether the node has ended something in it
		for _, accept := range []bool{false, true} {
			for _, named := range []bool{false, true} { // by another node
				path := filepath.Join(t.TempDir(), "rollback.json")
				s := open(t, memory.New(), rollback.Options{File: path, Place: "here"})
				if ended {
					must(t, s.SetNotBefore(t.Context(), "ada", time.Now()))
				}
				emptied, r := memory.New(), session("ada")
				must(t, emptied.Create(t.Context(), r, store.ID{}))
				if named {
					open(t, emptied, rollback.Options{Place: "here"})
				}
				state, err := rollback.Inspect(path, "here",
					func() (map[string]time.Time, error) { return emptied.NotBefore(t.Context()) })
				if err != nil || !state.Vanished || !state.Restored() {
					t.Errorf("state %+v, %v", state, err)
				}
				for i, place := range []string{"elsewhere", "here", "here"} {
					var log bytes.Buffer
					o := rollback.Options{File: path, Place: place, AcceptRestored: accept}
					o.Log = slog.New(slog.NewTextHandler(&log, nil))
					again := open(t, emptied, o)
					all, err := again.NotBefore(t.Context())
					must(t, err)
					if said := strings.Contains(log.String(), "has lost its name"); said != (i == 1) {
						t.Errorf("start %d, at %s: %s", i, place, &log)
					}
					if refused := !all[""].Before(r.CreatedAt); refused != (i > 0 && !accept) {
						t.Errorf("ended %v, accept %v, start %d, at %s: refused %v",
							ended, accept, i, place, refused)
					}
				}
			}
		}
	}
}

// A name is not forgotten with old cutoffs.
func TestNamesStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &swapped{Store: memory.New()}
		s := open(t, inner, rollback.Options{})
		defer s.Subscribe(func(store.Notice) {})()
		for range 500 {
			time.Sleep(24 * time.Hour)
			inner.Publish(store.Notice{Kind: store.Beat, At: time.Now()})
			synctest.Wait()
			must(t, inner.SetNotBefore(t.Context(), "", time.Now().Add(-store.MaxLifetime))) // old ones are forgotten
		}
		all, err := inner.NotBefore(t.Context())
		if must(t, err); len(all) != 2 {
			t.Errorf("cutoffs %v, want that of everybody and the name", all)
		}
	})
}

// No step of a move, while nodes are running or not, is taken for a restored backup.
func TestMoveIsNotARestore(t *testing.T) {
	for _, served := range []bool{false, true} { // while it moves
		from, to := memory.New(), memory.New()
		path := filepath.Join(t.TempDir(), "rollback.json")
		at := func(place string, s backend.Store) *rollback.Store {
			return open(t, s, rollback.Options{File: path, Place: place})
		}
		s := at("to", to) // the node was there before, and has ended something
		must(t, s.SetNotBefore(t.Context(), "alan", time.Now()))
		s = at("from", from)
		must(t, s.SetNotBefore(t.Context(), "ada", time.Now()))
		r := session("grace")
		must(t, s.Create(t.Context(), r, store.ID{}))
		if served {
			at("from", move.To(from, to))
			s = at("to", move.From(from, to))
			must(t, s.SetNotBefore(t.Context(), "ada", time.Now()))
		}
		_, err := move.Copy(t.Context(), from, to, move.Options{Move: true})
		must(t, err)
		for _, s := range []*rollback.Store{at("to", to), at("to", to)} {
			if all, err := s.NotBefore(t.Context()); err != nil || !all[""].IsZero() {
				t.Errorf("served %v: cutoffs %v, %v", served, all, err)
			}
		}
		if _, err := to.Load(t.Context(), r.ID); err != nil {
			t.Error(err)
		}
	}
}

// A node that starts first after a backup was put in place hides nothing from one that knows more.
func TestOtherNodeFirst(t *testing.T) {
	inner, a, b := memory.New(), filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	nodeA, nodeB := open(t, inner, rollback.Options{File: a}), open(t, inner, rollback.Options{File: b})
	r := session("ada")
	must(t, nodeA.Create(t.Context(), r, store.ID{}))
	must(t, nodeB.SetNotBefore(t.Context(), "x", time.Now()))
	old := backup(t, inner)
	_, err := nodeA.Delete(t.Context(), r.ID)
	must(t, err)
	first := open(t, old, rollback.Options{File: b})
	must(t, first.SetNotBefore(t.Context(), "y", time.Now()))
	all, err := open(t, old, rollback.Options{File: a}).NotBefore(t.Context())
	if err != nil || all[""].IsZero() {
		t.Errorf("switches %v, %v", all, err)
	}
}

// A server may be replaced below a program that runs on, or emptied: with its feed lost and found again, or between two
// beats.
func TestRestoredBelow(t *testing.T) {
	for _, lost := range []bool{true, false} {
		for _, emptied := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				inner := &swapped{Store: memory.New()}
				s := open(t, inner, rollback.Options{})
				defer s.Subscribe(func(store.Notice) {})()
				r := session("ada")
				must(t, s.Create(t.Context(), r, store.ID{}))
				below := backup(t, inner)
				if emptied {
					below = memory.New()
				} else {
					_, err := s.Delete(t.Context(), r.ID)
					must(t, err)
				}
				refused := func() bool {
					synctest.Wait()
					all, err := s.NotBefore(t.Context())
					must(t, err)
					return !all[""].IsZero()
				}
				inner.Publish(store.Notice{Kind: store.Beat, At: time.Now()})
				inner.Store = below.(*memory.Store)
				if lost {
					inner.Publish(store.Notice{Kind: store.Lost})
				} else {
					inner.Publish(store.Notice{Kind: store.Beat, At: time.Now()})
					if refused() {
						t.Error("every beat costs a look")
					}
					time.Sleep(10 * time.Second)
				}
				inner.Publish(store.Notice{Kind: store.Beat, At: time.Now()})
				if !refused() {
					t.Errorf("lost %v, emptied %v: sessions are let in", lost, emptied)
				}
			})
		}
	}
}

type swapped struct {
	*memory.Store
	store.Hub
}

func (s *swapped) Subscribe(tell func(store.Notice)) (stop func()) { return s.Hub.Subscribe(tell) }
func (s *swapped) Publish(n store.Notice)                          { s.Hub.Publish(n) }

// Many who are ended at once share a few marks.
func TestShared(t *testing.T) {
	inner := &counting{Store: memory.New(), slow: time.Millisecond}
	s := open(t, inner, rollback.Options{})
	var running sync.WaitGroup
	inner.sets = 0
	for range 200 {
		r := session("ada")
		must(t, s.Create(t.Context(), r, store.ID{}))
		running.Go(func() {
			if _, err := s.Delete(context.Background(), r.ID); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if inner.sets > 150 {
		t.Errorf("200 ends took %d marks", inner.sets)
	}
	t.Logf("200 ends took %d marks", inner.sets)
}

type counting struct {
	*memory.Store
	slow time.Duration
	sets int
}

func (c *counting) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	c.sets++ // one at a time
	time.Sleep(c.slow)
	return c.Store.SetNotBefore(ctx, user, t)
}

func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rollback.json")
	must(t, os.WriteFile(path, []byte("{"), 0o600))
	if _, err := rollback.Open(t.Context(), memory.New(), rollback.Options{File: path}); err == nil ||
		!strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
}

// Two programs share a folder and a store, as when one takes over from the other: neither takes the other's notes for
// those of a later store.
func TestSharedFolder(t *testing.T) {
	inner, path := memory.New(), filepath.Join(t.TempDir(), "rollback.json")
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for range 20 {
				s, err := rollback.Open(context.Background(), inner, rollback.Options{File: path})
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.SetNotBefore(context.Background(), "ada", time.Now()); err != nil {
					t.Error(err)
				}
				state, err := rollback.Inspect(path, "",
					func() (map[string]time.Time, error) { return inner.NotBefore(context.Background()) })
				if err != nil || state.Restored() {
					t.Errorf("state %+v, %v", state, err)
				}
			}
		})
	}
	running.Wait()
	all, err := inner.NotBefore(t.Context())
	if err != nil || !all[""].IsZero() {
		t.Errorf("everybody was signed out: %v, %v", all, err)
	}
}

// The file had another name before: what it knows is kept.
func TestFormerName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rollback.json")
	inner, r := memory.New(), session("ada")
	s := open(t, inner, rollback.Options{File: path})
	must(t, s.Create(t.Context(), r, store.ID{}))
	old := backup(t, inner)
	_, err := s.Delete(t.Context(), r.ID)
	must(t, err)
	must(t, s.Close(t.Context()))
	must(t, os.Rename(path, filepath.Join(filepath.Dir(path), "tidemark.json")))
	all, err := open(t, old, rollback.Options{File: path}).NotBefore(t.Context())
	must(t, err)
	if all[""].IsZero() {
		t.Error("the backup was not noticed")
	}
}

// Nodes that notice it one after the other sign nobody out who has signed in since the first of them did.
func TestNoticedOnce(t *testing.T) {
	for _, running := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			inner := &swapped{Store: memory.New()}
			var paths [2]string
			for i := range paths {
				paths[i] = filepath.Join(t.TempDir(), "rollback.json")
				s := open(t, inner, rollback.Options{File: paths[i]})
				must(t, s.SetNotBefore(t.Context(), "ada", time.Now()))
				if running {
					defer s.Subscribe(func(store.Notice) {})()
				}
				time.Sleep(3 * time.Second)
			}
			inner.Store = memory.New()
			seen := make(map[time.Time]bool)
			for i := range 15 {
				time.Sleep(time.Second)
				inner.Publish(store.Notice{Kind: store.Beat, At: time.Now()})
				if !running && i%8 == 0 {
					open(t, inner, rollback.Options{File: paths[i/8]})
				}
				synctest.Wait()
				all, err := inner.NotBefore(t.Context())
				must(t, err)
				if at := all[""]; !at.IsZero() {
					seen[at] = true
				}
			}
			if len(seen) != 1 {
				t.Errorf("running %v: cutoffs %v, want one", running, seen)
			}
		})
	}
}

// A timed store has a server whose clock is ahead of this machine's, and tells it after a moment.
type timed struct {
	backend.Store
	ahead time.Duration
}

func (s timed) Subscribe(tell func(store.Notice)) (stop func()) {
	tell(store.Notice{Kind: store.Lost})
	stop = s.Store.Subscribe(tell)
	go func() {
		now := time.Now()
		tell(store.NewBeat(now, now.Add(s.ahead), now))
	}()
	return stop
}

// Whoever has signed in by the server's time before a restored store was noticed is refused, and nobody else, however
// far this machine's clock is off.
func TestRestoredByTheServersTime(t *testing.T) {
	for _, ahead := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rollback.json")
			inner := timed{memory.New(), ahead}
			s := open(t, inner, rollback.Options{File: path})
			r := session("ada")
			must(t, s.Create(t.Context(), r, store.ID{}))
			old := timed{backup(t, inner), ahead}
			time.Sleep(time.Minute)
			_, err := s.Delete(t.Context(), r.ID)
			must(t, err)
			time.Sleep(time.Minute)
			all, err := open(t, old, rollback.Options{File: path}).NotBefore(t.Context())
			must(t, err)
			if server := time.Now().Add(ahead); all[""].Sub(server).Abs() > time.Second {
				t.Errorf("the server's clock is %v ahead: sessions until %v are refused, want until %v",
					ahead, all[""], server)
			}
		})
	}
}
