package storetest

import (
	"context"
	"errors"
	"maps"
	"time"

	"coatcheck.dev/store"
)

// setNotBefore sets a cutoff. It must succeed.
func (t *trial) setNotBefore(user string, at time.Time) {
	t.Helper()
	t.must(t.s.SetNotBefore(t.ctx, user, at))
}

// cutoffs checks all cutoffs.
func (t *trial) cutoffs(want map[string]time.Time) {
	t.Helper()
	got, err := t.s.NotBefore(t.ctx)
	if err != nil {
		t.Fatalf("not before: %v", err)
	}
	if !maps.Equal(got, want) {
		t.Errorf("cutoffs: got %.500v, want %.500v", got, want)
	}
}

// recent is a time for cutoffs. No store may forget them yet; much older ones may go.
func recent() time.Time { return time.UnixMicro(time.Now().Add(-time.Hour).UnixMicro()).UTC() }

var notBeforeCases = []testCase{
	{
		name: "cutoffs stay as they were set",
		why: "After a theft one call ends every session of a user, or of all; it must not be lost, rounded down or " +
			"widened.",
		run: func(t *trial) {
			at := recent()
			t.cutoffs(nil)
			t.setNotBefore("ada", at.Add(time.Second))
			t.cutoffs(map[string]time.Time{"ada": at.Add(time.Second)})
			t.setNotBefore("", at.In(time.FixedZone("here", 3600)))
			t.setNotBefore("alan", at.Add(7*time.Microsecond))
			t.cutoffs(map[string]time.Time{"": at, "ada": at.Add(time.Second), "alan": at.Add(7 * time.Microsecond)})
		},
	}, {
		name: "a cutoff only moves forward",
		why:  "A late or repeated call with an older time must not let revoked sessions in again.",
		run: func(t *trial) {
			at := recent()
			for _, user := range []string{"", "ada"} {
				t.setNotBefore(user, at)
				t.setNotBefore(user, at.Add(-time.Minute))
				t.setNotBefore(user, at.Add(-time.Microsecond))
			}
			t.cutoffs(map[string]time.Time{"": at, "ada": at})
			t.setNotBefore("ada", at.Add(time.Microsecond))
			t.cutoffs(map[string]time.Time{"": at, "ada": at.Add(time.Microsecond)})
		},
	}, {
		name: "the latest of cutoffs set at the same time counts",
		why:  "Two operators who react to one theft must not undo each other.",
		run: func(t *trial) {
			const n = 32
			at := recent()
			t.parallel(n, func(i int) {
				for _, s := range []int{i, 0} { // the last one to be set is the oldest
					if err := t.s.SetNotBefore(t.ctx, "ada", at.Add(time.Duration(s)*time.Second)); err != nil {
						t.Errorf("set: %v", err)
					}
				}
			})
			t.cutoffs(map[string]time.Time{"ada": at.Add((n - 1) * time.Second)})
		},
	}, {
		name: "a cutoff touches no record",
		why:  "Cutoffs take one step however many sessions there are; the records go when they are used or swept.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			t.setNotBefore("ada", recent())
			t.setNotBefore("", recent())
			t.has(r)
			t.counts("ada", 1)
			t.lists(t.list(store.Query{}), r)
		},
	}, {
		name: "odd users have cutoffs too",
		why:  "The users that an attacker names are the ones that will be cut off.",
		run: func(t *trial) {
			at, want := recent(), make(map[string]time.Time)
			for i, user := range append([]string{"Ada", "ada "}, oddUsers...) {
				want[user] = at.Add(time.Duration(i) * time.Second)
				t.setNotBefore(user, want[user])
			}
			t.cutoffs(want)
		},
	}, {
		name: "the returned cutoffs are the caller's own",
		why:  "Whoever edits the map that they got must not let anybody in again.",
		run: func(t *trial) {
			at := recent()
			t.setNotBefore("ada", at)
			got, err := t.s.NotBefore(t.ctx)
			t.must(err)
			clear(got)
			t.cutoffs(map[string]time.Time{"ada": at})
		},
	}, {
		name: "a cutoff is told",
		why:  "Every node refuses the sessions at once, not when it happens to look.",
		run: func(t *trial) {
			e, at := t.listen(), recent()
			t.setNotBefore("ada", at)
			t.hears(e, store.ID{}, store.Cutoff)
			e.mu.Lock()
			defer e.mu.Unlock()
			if n := e.all[0]; n.User != "ada" || !n.At.Equal(at) {
				t.Errorf("heard %v, want ada and %v", n, at)
			}
		},
	}, {
		name: "a cancelled cutoff says so",
		why:  "An operator must not be told that everybody is signed out when nothing happened.",
		run: func(t *trial) {
			ctx, cancel := context.WithCancel(t.ctx)
			cancel()
			if err := t.s.SetNotBefore(ctx, "ada", recent()); !errors.Is(err, context.Canceled) {
				t.Errorf("SetNotBefore: got error %v, want context.Canceled", err)
			}
			if _, err := t.s.NotBefore(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("NotBefore: got error %v, want context.Canceled", err)
			}
		},
	}, {
		name: "cutoffs survive a restart",
		why:  "A restart that forgets a cutoff signs the thief in again.",
		run: func(t *trial) {
			at := recent()
			t.setNotBefore("ada", at)
			t.setNotBefore("", at.Add(-time.Minute))
			t.reopen()
			t.cutoffs(map[string]time.Time{"ada": at, "": at.Add(-time.Minute)})
			t.setNotBefore("ada", at.Add(-time.Second))
			t.cutoffs(map[string]time.Time{"ada": at, "": at.Add(-time.Minute)})
		},
	},
}
