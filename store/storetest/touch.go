package storetest

import (
	"time"

	"coatcheck.dev/store"
)

var touchCases = []testCase{
	{
		name: "a touch moves LastSeen and nothing else",
		why:  "Touches come from reading requests; if they changed the version, every reader would make a writer fail.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			r.LastSeen = r.LastSeen.Add(90*time.Second + 3*time.Microsecond)
			t.touch(r.ID, r.LastSeen)
			t.has(r)
			t.has(t.save(changed(r)))
		},
	}, {
		name: "a touch never moves LastSeen back",
		why: "Touches are collected and arrive late and out of order; an old one must not make an active session " +
			"idle.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			t.touch(r.ID, r.LastSeen.Add(-time.Microsecond))
			t.touch(r.ID, r.LastSeen.Add(-time.Hour))
			t.touch(r.ID, time.Time{})
			t.has(r)
		},
	}, {
		name: "the latest of several touches of a record counts",
		why:  "A batch may hold the same session more than once, in any order.",
		run: func(t *trial) {
			a, b := t.create(session("ada")), t.create(session("ada"))
			early, late := epoch.Add(time.Minute), epoch.Add(time.Hour)
			t.must(t.s.Touch(t.ctx, []store.Seen{
				{ID: a.ID, At: early}, {ID: b.ID, At: late}, {ID: a.ID, At: late}, {ID: b.ID, At: early},
			}))
			a.LastSeen, b.LastSeen = late, late
			t.has(a)
			t.has(b)
		},
	}, {
		name: "a touch passes over what is not there",
		why: "A session may end while its touch waits; that must neither bring it back nor cost the others in the " +
			"batch theirs.",
		run: func(t *trial) {
			gone, r := t.create(session("ada")), t.create(session("ada"))
			if _, err := t.s.Delete(t.ctx, gone.ID); err != nil {
				t.Fatalf("delete: %v", err)
			}
			r.LastSeen = epoch.Add(time.Hour)
			never := store.NewID()
			t.must(t.s.Touch(t.ctx, []store.Seen{
				{ID: gone.ID, At: r.LastSeen}, {ID: never, At: r.LastSeen}, {ID: r.ID, At: r.LastSeen},
			}))
			t.has(r)
			t.hasNot(gone.ID)
			t.hasNot(never)
			t.counts("", 1)
		},
	}, {
		name: "a touch of nothing is fine",
		why:  "A batch may be empty.",
		run: func(t *trial) {
			t.must(t.s.Touch(t.ctx, nil))
			t.counts("", 0)
		},
	}, {
		name: "a large batch is touched to the last",
		why:  "Touches are written in batches; a busy server has thousands in one.",
		run: func(t *trial) {
			records, seen := make([]store.Record, 50), make([]store.Seen, 5000)
			for i := range records {
				records[i] = session("ada")
			}
			t.createAll(records)
			for i := range seen {
				seen[i] = store.Seen{ID: store.NewID(), At: epoch.Add(time.Hour)}
				if i%100 == 99 {
					seen[i].ID = records[i/100].ID
				}
			}
			t.must(t.s.Touch(t.ctx, seen))
			for _, r := range records {
				r.LastSeen = epoch.Add(time.Hour)
				t.has(asStored(r, 1))
			}
		},
	},
}
