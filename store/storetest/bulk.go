package storetest

import (
	"context"
	"errors"
	"slices"

	"coatcheck.dev/store"
)

// A creator creates many records as Create does, in less time, and returns the IDs that were taken. It is for filling a
// store that nobody uses yet. One that cannot returns [errors.ErrUnsupported].
type creator interface {
	CreateMany(ctx context.Context, records []store.Record) (taken []store.ID, err error)
}

// A scanner returns records in the order of their IDs, those after one ID, and at most limit. Done says that there are
// no more.
type scanner interface {
	Scan(ctx context.Context, after store.ID, limit int) (all []store.Record, done bool, err error)
}

// createMany creates records at once, or skips the case.
func (t *trial) createMany(records ...store.Record) (taken []store.ID) {
	t.Helper()
	c, ok := t.s.(creator)
	if !ok {
		t.Skip("the store does not create many records at once")
	}
	taken, err := c.CreateMany(t.ctx, records)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("the store does not create many records at once")
	}
	t.must(err)
	return taken
}

// scan reads all records in the order of their IDs, some at a time, or skips the case.
func (t *trial) scan(limit int) (all []store.Record) {
	t.Helper()
	s, ok := t.s.(scanner)
	if !ok {
		t.Skip("the store does not read records in the order of their IDs")
	}
	var after store.ID
	for {
		page, done, err := s.Scan(t.ctx, after, limit)
		t.must(err)
		if len(page) > limit {
			t.Fatalf("a page has %d records, its limit is %d", len(page), limit)
		}
		if all = append(all, page...); done {
			return all
		}
		if len(page) == 0 || len(all) > 100_000 {
			t.Fatalf("the scan has no end: %d records, and the page has %d", len(all), len(page))
		}
		after = page[len(page)-1].ID
	}
}

// sessions returns records in the order of their IDs: in turn of users and of a visitor, each with another version.
func sessions(n int) (all []store.Record) {
	for i := range n {
		r := session([]string{"ada", "eve", ""}[i%3])
		r.Version = uint64(i)
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b store.Record) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return all
}

var bulkCases = []testCase{
	{
		name: "many at once are the same as one by one",
		why: "A copy of a store is filled so; what it loses is lost for all sessions at once, and nobody looks at " +
			"each of them.",
		run: func(t *trial) {
			all := sessions(700)
			if taken := t.createMany(all...); len(taken) > 0 {
				t.Errorf("%d IDs of an empty store were taken", len(taken))
			}
			for _, r := range all {
				t.has(asStored(r, r.Version+1))
			}
			t.counts("", 700)
			t.counts("ada", 234)
			t.lists(t.pages(store.Query{}), newestFirst(all)...)
			t.has(t.save(changed(asStored(all[0], all[0].Version+1))))
			t.sweep(all[0].ExpiresAt.Add(2*all[0].IdleTimeout), 1000, 700)
		},
	}, {
		name: "of many, those whose IDs are taken are named and left alone",
		why: "A copy that is begun again meets what it has brought before, and what has changed since: it must learn " +
			"of that, and not write over it.",
		run: func(t *trial) {
			all := sessions(6)
			first, second := t.create(all[1]), t.create(all[4])
			all[1], all[4] = withUser(all[1], "mallory"), withUser(all[4], "mallory")
			t.sameIDs(t.createMany(all...), first.ID, second.ID)
			t.has(first)
			t.has(second)
			t.counts("mallory", 0)
			t.counts("", 6)
			t.sameIDs(t.createMany())
		},
	}, {
		name: "a scan has every record once, in the order of IDs",
		why: "Two stores are compared by going through both in that order; a record that is out of place is taken " +
			"for one that is missing, or is deleted.",
		run: func(t *trial) {
			if all := t.scan(10); len(all) > 0 {
				t.Errorf("a scan of an empty store has %d records", len(all))
			}
			all := sessions(25)
			for i, r := range all {
				all[i] = t.create(r)
			}
			for _, limit := range []int{1, 5, 7, 25, 100} {
				got := t.scan(limit)
				t.lists(got, all...)
				for i := range min(len(got), len(all)) {
					t.same(got[i], all[i])
				}
			}
			_, err := t.s.Delete(t.ctx, all[3].ID)
			t.must(err)
			t.lists(t.scan(7), slices.Delete(all, 3, 4)...)
		},
	}, {
		name: "a scan goes on behind damaged records",
		why:  "One record that cannot be read must not keep all those after it from being copied.",
		run: func(t *trial) {
			if t.harness.Damage == nil {
				t.Skip("nothing can damage the records of this store")
			}
			all := sessions(12)
			for i, r := range all {
				all[i] = t.create(r)
			}
			for _, i := range []int{0, 4, 5, 6, 11} { // more in a row than a page has
				t.harness.Damage(t.t, t.s, all[i].ID)
			}
			t.lists(t.scan(2), all[1], all[2], all[3], all[7], all[8], all[9], all[10])
		},
	},
}

func withUser(r store.Record, user string) store.Record {
	r.User = user
	return r
}
