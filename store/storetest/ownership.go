package storetest

import (
	"coatcheck.dev/store"
)

// scribble writes into the Auth of a record: in Go, two holders of a record can share that alone.
func scribble(auths []store.Auth) {
	for i := range auths {
		auths[i] = store.Auth{Method: "forged", Level: 99}
	}
}

var ownershipCases = []testCase{
	{
		name: "a loaded record is the caller's own",
		why: "A handler that changes what it loaded must not change it for other requests, unsaved and without a " +
			"lock.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			mine := t.load(r.ID)
			scribble(mine.Auth)
			_ = append(mine.Auth[:0], store.Auth{Method: "forged"})
			t.has(r)
		},
	}, {
		name: "two loads share nothing",
		why:  "Parallel requests of one browser load the same record at the same time.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			a, b := t.load(r.ID), t.load(r.ID)
			scribble(a.Auth)
			t.same(b, r)
		},
	}, {
		name: "a listed record is the caller's own",
		why:  "Listings come from the same memory as loads.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			for _, q := range []store.Query{{User: "ada"}, {}} {
				for _, listed := range t.list(q) {
					scribble(listed.Auth)
				}
			}
			t.has(r)
		},
	}, {
		name: "a created record is not kept by reference",
		why:  "The caller goes on working with the record that it stored.",
		run: func(t *trial) {
			r := session("ada")
			want := t.create(r)
			scribble(r.Auth)
			t.has(want)
		},
	}, {
		name: "a saved record is not kept by reference",
		why:  "The caller goes on working with the record that it stored.",
		run: func(t *trial) {
			r := changed(t.create(session("ada")))
			want := t.save(r)
			scribble(r.Auth)
			t.has(want)
		},
	}, {
		name: "the caller's slices stay as they are",
		why:  "A store that sorts or cuts the slices it was given changes them under their owner.",
		run: func(t *trial) {
			a, b := t.create(session("ada")), t.create(session("ada"))
			seen := []store.Seen{{ID: b.ID, At: epoch}, {ID: a.ID, At: epoch}, {ID: b.ID, At: epoch}}
			t.must(t.s.Touch(t.ctx, seen))
			if seen[0].ID != b.ID || seen[1].ID != a.ID || seen[2].ID != b.ID {
				t.Errorf("Touch changed the order of its argument")
			}
			keep := []store.ID{b.ID, a.ID, b.ID}
			t.deleteUser("ada", keep...)
			if keep[0] != b.ID || keep[1] != a.ID || keep[2] != b.ID {
				t.Errorf("DeleteUser changed the order of its argument")
			}
		},
	},
}
