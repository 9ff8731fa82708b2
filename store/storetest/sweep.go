package storetest

import (
	"time"

	"coatcheck.dev/store"
)

// ending returns a record with an end at a time: its absolute end, or the end of its idle time.
func ending(at time.Time, idle bool) store.Record {
	r := session("ada")
	if idle {
		r.ExpiresAt = at.Add(time.Hour)
		r.IdleTimeout = at.Sub(r.LastSeen)
		return r
	}
	r.ExpiresAt, r.IdleTimeout = at, 0
	return r
}

var sweepCases = []testCase{
	{
		name: "what is over goes, what lives stays",
		why:  "A sweep that takes a live session signs its user out; one that leaves dead ones fills the disk.",
		run: func(t *trial) {
			now := epoch.Add(time.Hour)
			for _, idle := range []bool{false, true} {
				dead := t.create(ending(now.Add(-time.Minute), idle))
				live := t.create(ending(now.Add(time.Minute), idle))
				t.sweep(now, 100, 1)
				t.hasNot(dead.ID)
				t.has(live)
			}
			t.counts("ada", 2)
			t.counts("", 2)
		},
	}, {
		name: "the end is exact to the microsecond",
		why: "At its end a session is over, and a microsecond before it is not: store and session must agree on " +
			"which.",
		run: func(t *trial) {
			end := epoch.Add(time.Hour)
			for _, idle := range []bool{false, true} {
				r := t.create(ending(end, idle))
				t.sweep(end.Add(-time.Microsecond), 100, 0)
				t.has(r)
				t.sweep(end, 100, 1)
				t.hasNot(r.ID)
			}
		},
	}, {
		name: "without an idle timeout only the absolute end counts",
		why:  "An idle timeout of 0 means never, not at once.",
		run: func(t *trial) {
			r := session("ada")
			r.IdleTimeout = 0
			t.create(r)
			t.sweep(r.ExpiresAt.Add(-time.Microsecond), 100, 0)
			t.sweep(r.ExpiresAt, 100, 1)
		},
	}, {
		name: "a touched record lives on",
		why:  "A sweep that goes by the old time ends sessions while they are in use.",
		run: func(t *trial) {
			r := t.create(ending(epoch.Add(time.Hour), true))
			r.LastSeen = r.LastSeen.Add(10 * time.Minute)
			t.touch(r.ID, r.LastSeen)
			t.sweep(epoch.Add(time.Hour), 100, 0)
			t.has(r)
			t.sweep(epoch.Add(time.Hour+10*time.Minute), 100, 1)
			t.hasNot(r.ID)
		},
	}, {
		name: "no touch moves the absolute end",
		why:  "A stolen session that is kept busy must end when the policy says, and not be kept for ever.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			t.touch(r.ID, r.ExpiresAt.Add(-time.Second))
			t.sweep(r.ExpiresAt.Add(-time.Microsecond), 100, 0)
			t.sweep(r.ExpiresAt, 100, 1)
		},
	}, {
		name: "a save moves the end",
		why:  "Whoever asks to stay signed in gets a later end, and an earlier one must work as well.",
		run: func(t *trial) {
			now := epoch.Add(time.Hour)
			longer, shorter := t.create(ending(now, false)), t.create(ending(now.Add(time.Hour), false))
			longer.ExpiresAt = now.Add(time.Hour)
			shorter.ExpiresAt = now
			longer, shorter = t.save(longer), t.save(shorter)
			t.sweep(now, 100, 1)
			t.has(longer)
			t.hasNot(shorter.ID)
		},
	}, {
		name: "a late save does not shorten the idle time",
		why:  "The end of an idle session counts from when it was last seen, also if the save knows an older time.",
		run: func(t *trial) {
			r := t.create(ending(epoch.Add(time.Hour), true))
			t.touch(r.ID, r.LastSeen.Add(10*time.Minute))
			t.save(r)
			t.sweep(epoch.Add(time.Hour+10*time.Minute-time.Microsecond), 100, 0)
			t.sweep(epoch.Add(time.Hour+10*time.Minute), 100, 1)
		},
	}, {
		name: "a sweep stops at its limit, and fewer means the end",
		why:  "Sweeps run in slices beside requests; the sweeper stops at the first slice that is not full.",
		run: func(t *trial) {
			records := make([]store.Record, 25)
			for i := range records {
				records[i] = ending(epoch.Add(time.Duration(i)*time.Minute), i%2 == 0)
			}
			live := session("ada")
			t.createAll(append(records, live))
			now := epoch.Add(time.Hour)
			t.sweep(now, 0, 0)
			t.counts("", 26)
			for left := 25; left > 0; left -= 10 {
				t.sweep(now, 10, min(left, 10))
				t.counts("", max(left-10, 0)+1)
			}
			t.sweep(now, 10, 0)
			t.has(asStored(live, 1))
		},
	}, {
		name: "what is over may be loaded, listed and deleted until it is swept",
		why: "Stores check no lifetimes; sessions do, with one clock. A store that hides records early would " +
			"disagree with them.",
		run: func(t *trial) {
			r := t.create(ending(epoch.Add(-time.Hour), false))
			t.has(r)
			t.lists(t.list(store.Query{User: "ada"}), r)
			t.counts("ada", 1)
			t.sameIDs(t.deleteUser("ada"), r.ID)
			t.sweep(epoch, 100, 0)
		},
	}, {
		name: "an empty store has nothing to sweep",
		why:  "No record is no error.",
		run: func(t *trial) {
			t.sweep(epoch, 100, 0)
		},
	},
}
