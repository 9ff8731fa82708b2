package storetest

import (
	"errors"
	"time"

	"coatcheck.dev/store"
)

// reopen restarts the store, or skips the case.
func (t *trial) reopen() {
	t.Helper()
	if t.harness.Reopen == nil {
		t.Skip("the store does not outlive its process")
	}
	t.s = t.harness.Reopen(t.t, t.s)
}

var durabilityCases = []testCase{
	{
		name: "what was acknowledged survives a restart",
		why:  "An answer means durable: nobody is signed out because the program was updated, and no setting is lost.",
		run: func(t *trial) {
			created, saved, touched := t.create(session("ada")), t.create(session("ada")), t.create(session(""))
			saved = t.save(changed(saved))
			touched.LastSeen = epoch.Add(time.Hour)
			t.touch(touched.ID, touched.LastSeen)
			t.reopen()
			for _, r := range []store.Record{created, saved, touched} {
				t.has(r)
			}
			t.counts("ada", 2)
			t.counts("", 3)
			t.lists(t.list(store.Query{User: "ada"}), newestFirst([]store.Record{created, saved})...)
			t.has(t.save(changed(saved)))
		},
	}, {
		name: "what was ended stays ended after a restart",
		why:  "A revoke that a restart undoes was no revoke.",
		run: func(t *trial) {
			deleted, replaced := t.create(session("ada")), t.create(session("alan"))
			swept := t.create(ending(epoch, false))
			user := t.create(session("grace"))
			next := successor(replaced, "alan")
			t.must(t.s.Create(t.ctx, next, replaced.ID))
			if _, err := t.s.Delete(t.ctx, deleted.ID); err != nil {
				t.Fatalf("delete: %v", err)
			}
			t.deleteUser("grace")
			t.sweep(epoch, 10, 1)
			t.reopen()
			for _, r := range []store.Record{deleted, replaced, swept, user} {
				t.hasNot(r.ID)
			}
			t.has(asStored(next, 2))
			t.counts("", 1)
		},
	}, {
		name: "a restart keeps the ends",
		why:  "A sweep after a restart must go by the same times as before.",
		run: func(t *trial) {
			end := epoch.Add(time.Hour)
			r := t.create(ending(end, true))
			t.touch(r.ID, r.LastSeen.Add(time.Minute))
			t.reopen()
			t.sweep(end.Add(time.Minute-time.Microsecond), 10, 0)
			t.sweep(end.Add(time.Minute), 10, 1)
		},
	}, {
		name: "a damaged record is damaged, not absent, and stands alone",
		why:  "One bad row must be reported, must not take other sessions with it, and must be possible to get rid of.",
		run: func(t *trial) {
			if t.harness.Damage == nil {
				t.Skip("nothing can reach the records of this store")
			}
			bad, good := t.create(session("ada")), t.create(session("ada"))
			t.harness.Damage(t.t, t.s, bad.ID)
			_, err := t.s.Load(t.ctx, bad.ID)
			if !errors.Is(err, store.ErrDamaged) || errors.Is(err, store.ErrNotFound) {
				t.Errorf("load of a damaged record: got error %v, want ErrDamaged", err)
			}
			t.has(good)
			t.lists(t.list(store.Query{User: "ada"}), good)
			t.lists(t.pages(store.Query{Limit: 1}), good)
			if found, err := t.s.Delete(t.ctx, bad.ID); !found || err != nil {
				t.Errorf("delete of a damaged record: got %v, %v", found, err)
			}
			t.hasNot(bad.ID)
		},
	},
}
