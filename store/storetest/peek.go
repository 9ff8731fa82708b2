package storetest

import (
	"time"

	"coatcheck.dev/store"
)

// peeks compares a peek with a load. A peek need not know.
func (t *trial) peeks(p store.Peeker, id store.ID) {
	t.Helper()
	encoded, sure := p.Peek(id, time.Now())
	if !sure {
		return
	}
	var got store.Record
	if !encoded.ID.IsZero() {
		var err error
		if got, err = encoded.Record(); err != nil {
			t.Fatalf("peek: %v", err)
		}
	}
	want, err := t.s.Load(t.ctx, id)
	if err != nil {
		want = store.Record{}
	}
	t.same(got, want)
}

// recalls compares the last known copy of a record, if there is one, with the record as it was left. The copy counts
// since the beginning of time: only Peek looks at the clock here.
func (t *trial) recalls(p store.Peeker, want store.Record) {
	t.Helper()
	encoded, known := p.Recall(want.ID, time.Unix(0, 0))
	if !known {
		return
	}
	got, err := encoded.Record()
	if err != nil {
		t.Fatalf("recall: %v", err)
	}
	t.same(got, want)
}

// peeker returns the store as a Peeker, or skips the case.
func (t *trial) peeker() store.Peeker {
	t.Helper()
	p, ok := t.s.(store.Peeker)
	if !ok {
		t.Skip("the store is no Peeker")
	}
	return p
}

var peekCases = []testCase{
	{
		name: "a peek tells what a load tells, or nothing",
		why:  "Sessions ask Peek first; one that is behind would serve a session that has been signed out.",
		run: func(t *trial) {
			p, r := t.peeker(), session("ada")
			t.peeks(p, r.ID)
			stored := t.create(r)
			t.peeks(p, r.ID)
			t.save(changed(stored))
			t.peeks(p, r.ID)
			t.touch(r.ID, epoch.AddDate(0, 0, 1))
			t.peeks(p, r.ID)
			next := session("ada")
			next.Version = stored.Version + 1
			t.must(t.s.Create(t.ctx, next, r.ID))
			t.peeks(p, r.ID)
			t.peeks(p, next.ID)
			t.deleteUser("ada")
			t.peeks(p, next.ID)
		},
	}, {
		name: "a recall tells the last that was known, and nothing of what is gone",
		why: "While a store does not answer, pages may show the last known copy; that of an ended session lets " +
			"nobody in.",
		run: func(t *trial) {
			p, r := t.peeker(), session("ada")
			if e, known := p.Recall(r.ID, time.Unix(0, 0)); known {
				t.Errorf("recalled %v, which never was", e.ID)
			}
			stored := t.create(r)
			t.recalls(p, t.load(r.ID))
			t.save(changed(stored))
			t.recalls(p, t.load(r.ID))
			t.deleteUser("ada")
			if e, known := p.Recall(r.ID, time.Unix(0, 0)); known {
				t.Errorf("recalled %v, which has ended", e.ID)
			}
		},
	}, {
		name: "a record outlives its copies",
		why:  "Who doubts a copy has the store asked again, and nothing else; whoever can show a ticket could end it.",
		run: func(t *trial) {
			p, r := t.peeker(), session("ada")
			p.Invalidate(r.ID, 1)
			t.peeks(p, r.ID)
			stored := t.create(r)
			for range 2 {
				p.Invalidate(r.ID, stored.Version)
				t.peeks(p, r.ID)
				t.same(t.load(r.ID), stored)
			}
			t.save(changed(stored))
			p.Invalidate(r.ID, stored.Version)
			t.peeks(p, r.ID)
		},
	},
}
