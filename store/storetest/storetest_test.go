package storetest

import (
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/store"
)

// A recorder is a test that notes whether it failed, and does not pass it on.
type recorder struct {
	testing.TB
	failed, skipped atomic.Bool
}

func (r *recorder) Errorf(format string, args ...any) {
	r.failed.Store(true)
	r.Logf(format, args...)
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Skip(...any) {
	r.skipped.Store(true)
	runtime.Goexit()
}

// failures runs cases against stores of the harness, and returns the names of those that failed or were skipped.
func failures(t *testing.T, h Harness, cases []testCase) (failed, skipped []string) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				trial := newTrial(r, t, h)
				trial.late = 200 * time.Millisecond // these feeds are never late, but some are silent
				c.run(trial)
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
	return failed, skipped
}

func allCases() (all []testCase) {
	for _, theme := range themes {
		all = append(all, theme.cases...)
	}
	return all
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
		Demote: func(_ *testing.T, s store.Store) (restore func()) {
			b := s.(*broken)
			b.demoted.Store(true)
			b.Publish(store.Notice{Kind: store.Lost})
			return func() {
				b.demoted.Store(false)
				b.Publish(store.Notice{Kind: store.Beat, At: time.Now()})
			}
		},
	}
}

// A suite that rejects good stores would be ignored.
func TestAGoodStorePasses(t *testing.T) {
	failed, skipped := failures(t, harness(always(fault{})), allCases())
	if len(failed) > 0 || len(skipped) > 0 {
		t.Errorf("failed: %q\nskipped: %q", failed, skipped)
	}
}

// A suite that cannot fail proves nothing: each broken store is found out, and each case finds one out.
func TestBrokenStoresFail(t *testing.T) {
	useful := make(map[string]bool)
	for _, b := range brokenStores {
		t.Run(b.name, func(t *testing.T) {
			var cases []testCase
			for _, c := range allCases() {
				if slices.Contains(b.caught, c.name) {
					useful[c.name] = true
					cases = append(cases, c)
				}
			}
			if len(cases) != len(b.caught) {
				t.Errorf("one of the cases %q is unknown", b.caught)
			}
			failed, _ := failures(t, harness(b.fault), cases)
			for _, c := range cases {
				if !slices.Contains(failed, c.name) {
					t.Errorf("the case %q did not notice", c.name)
				}
			}
		})
	}
	for _, c := range allCases() {
		if !useful[c.name] {
			t.Errorf("no broken store fails the case %q", c.name)
		}
	}
}

func TestEveryCaseSaysWhy(t *testing.T) {
	names := make(map[string]bool)
	for _, c := range allCases() {
		if len(c.why) < 20 || names[c.name] {
			t.Errorf("%q has no reason, or a name that is used twice", c.name)
		}
		names[c.name] = true
	}
	if len(names) < 40 {
		t.Errorf("the suite has only %d cases", len(names))
	}
}
