package storetest

import (
	"time"

	"coatcheck.dev/store"
)

// peeks checks that a peek, if it can tell, tells the same as a load.
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

var peekCases = []testCase{
	{
		name: "a peek tells what a load tells, or nothing",
		why:  "Sessions ask Peek first; one that is behind would serve a session that has been signed out.",
		run: func(t *trial) {
			p, ok := t.s.(store.Peeker)
			if !ok {
				t.Skip("the store is no Peeker")
			}
			r := session("ada")
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
	},
}
