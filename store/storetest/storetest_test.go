package storetest

import (
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"coatcheck.dev/store"
)

// A recorder is a test that notes whether it failed, and does not pass it on.
type recorder struct {
	testing.TB
	failed, skipped atomic.Bool
}

func (r *recorder) Errorf(string, ...any) { r.failed.Store(true) }

func (r *recorder) Fatalf(string, ...any) {
	r.failed.Store(true)
	runtime.Goexit()
}

func (r *recorder) Skip(...any) {
	r.skipped.Store(true)
	runtime.Goexit()
}

// failures runs the whole suite against a store and returns the names of the cases that failed or were skipped.
func failures(t *testing.T, h Harness) (failed, skipped []string) {
	for _, theme := range themes {
		for _, c := range theme.cases {
			t.Run(c.name, func(t *testing.T) {
				r := &recorder{TB: t}
				done := make(chan struct{})
				go func() {
					defer close(done)
					c.run(newTrial(r, t, h))
				}()
				<-done
				if r.failed.Load() {
					failed = append(failed, c.name)
				}
				if r.skipped.Load() {
					skipped = append(skipped, c.name)
				}
			})
		}
	}
	return failed, skipped
}

// harness makes broken stores that can be opened again and damaged.
func harness(newFault func() fault) Harness {
	return Harness{
		New: func(*testing.T) store.Store { return newBroken(newFault()) },
		Reopen: func(_ *testing.T, s store.Store) store.Store {
			if b := s.(*broken); b.fault.reopen != nil {
				b.fault.reopen(b)
			}
			return s
		},
		Damage: func(_ *testing.T, s store.Store, id store.ID) {
			b := s.(*broken)
			b.mu.Lock()
			defer b.mu.Unlock()
			b.damaged[id] = true
		},
	}
}

// A suite that rejects good stores would be ignored.
func TestAGoodStorePasses(t *testing.T) {
	failed, skipped := failures(t, harness(always(fault{})))
	if len(failed) > 0 || len(skipped) > 0 {
		t.Errorf("failed: %q\nskipped: %q", failed, skipped)
	}
}

// A suite that cannot fail proves nothing: each broken store is found out, and each case finds one out.
func TestBrokenStoresFail(t *testing.T) {
	useful := make(map[string]bool)
	for _, b := range brokenStores {
		t.Run(b.name, func(t *testing.T) {
			failed, _ := failures(t, harness(b.fault))
			for _, name := range b.caught {
				if !slices.Contains(failed, name) {
					t.Errorf("the case %q did not notice", name)
				}
			}
			for _, name := range failed {
				useful[name] = true
			}
		})
	}
	for _, theme := range themes {
		for _, c := range theme.cases {
			if !useful[c.name] {
				t.Errorf("no broken store fails the case %q", c.name)
			}
		}
	}
}

func TestEveryCaseSaysWhy(t *testing.T) {
	names := make(map[string]bool)
	for _, theme := range themes {
		for _, c := range theme.cases {
			if len(c.why) < 20 || names[c.name] {
				t.Errorf("%s: %q has no reason, or a name that is used twice", theme.name, c.name)
			}
			names[c.name] = true
		}
	}
	if len(names) < 40 {
		t.Errorf("the suite has only %d cases", len(names))
	}
}
