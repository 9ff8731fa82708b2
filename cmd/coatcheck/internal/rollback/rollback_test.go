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
		open(t, second, rollback.Options{File: path}), open(t, first, rollback.Options{File: path}),
		open(t, first, rollback.Options{}),
	} {
		if all, err := s.NotBefore(t.Context()); err != nil || !all[""].IsZero() || len(all) > 1 {
			t.Errorf("switches %v, %v", all, err)
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

// A server may be replaced below a program that runs on: with its feed lost and found again, or between two beats.
func TestRestoredBelow(t *testing.T) {
	for _, lost := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			inner := &swapped{Store: memory.New()}
			s := open(t, inner, rollback.Options{})
			defer s.Subscribe(func(store.Notice) {})()
			r := session("ada")
			must(t, s.Create(t.Context(), r, store.ID{}))
			old := backup(t, inner)
			_, err := s.Delete(t.Context(), r.ID)
			must(t, err)
			refused := func() bool {
				synctest.Wait()
				all, err := s.NotBefore(t.Context())
				must(t, err)
				return !all[""].IsZero()
			}
			inner.Publish(store.Notice{Kind: store.Beat, At: time.Now()})
			inner.Store = old.(*memory.Store)
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
				t.Errorf("lost %v: sessions are let in", lost)
			}
		})
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
				state, err := rollback.Inspect(path,
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
