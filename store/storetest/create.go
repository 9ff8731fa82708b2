package storetest

import (
	"time"

	"coatcheck.dev/store"
)

var createCases = []testCase{
	{
		name: "what goes in comes out",
		why: "A field that a store loses or rounds is a user with the wrong rights, or a session that ends at the " +
			"wrong time.",
		run: func(t *trial) {
			t.has(t.create(session("ada")))
		},
	}, {
		name: "empty fields stay empty",
		why: "A visitor who has not signed in has no user, no proof, no rotation and perhaps no device; zero must " +
			"not come back as something.",
		run: func(t *trial) {
			t.has(t.create(store.Record{
				ID: store.NewID(), CreatedAt: epoch, LastSeen: epoch, ExpiresAt: epoch.Add(time.Hour),
			}))
		},
	}, {
		name: "the first version is 1, or one more than that of the record it was made from",
		why: "A copy in another store has a version that no earlier copy had: else a node that is slow takes one for " +
			"the other, and saves a session that has ended meanwhile.",
		run: func(t *trial) {
			r := session("ada")
			t.create(r)
			t.has(asStored(r, 1))
			for _, version := range []uint64{1, 99, 1 << 48} {
				r := session("ada")
				r.Version = version
				t.has(t.create(r))
				t.fails(t.s.Save(t.ctx, asStored(r, 1)), store.ErrConflict)
				t.has(t.save(changed(asStored(r, version+1))))
			}
		},
	}, {
		name: "times keep their microseconds, in UTC",
		why: "Rotation and sign-out compare times of different nodes; a rounded or local time is another moment or " +
			"prints another date.",
		run: func(t *trial) {
			r := session("ada")
			zone := time.FixedZone("Kathmandu", 5*3600+45*60)
			r.CreatedAt = time.Date(2026, 12, 31, 23, 59, 59, 999999999, zone)
			r.LastSeen = r.CreatedAt.Add(123456789 * time.Nanosecond)
			r.ExpiresAt = r.CreatedAt.Add(7 * time.Microsecond)
			r.IdleTimeout = 1001 * time.Microsecond
			t.create(r)
			got := t.load(r.ID)
			t.same(got, asStored(r, 1))
			if got.LastSeen.Location() != time.UTC || got.CreatedAt.Location() != time.UTC {
				t.Errorf("times are in %v and %v, want UTC", got.LastSeen.Location(), got.CreatedAt.Location())
			}
		},
	}, {
		name: "a taken ID is refused",
		why:  "Whoever could create over a record would take over its session.",
		run: func(t *trial) {
			first := t.create(session("ada"))
			second := session("eve")
			second.ID = first.ID
			t.fails(t.s.Create(t.ctx, second, store.ID{}), store.ErrExists)
			t.has(first)
			t.counts("eve", 0)
			t.counts("", 1)
		},
	}, {
		name: "a deleted ID is free again, from version 1",
		why:  "What was deleted leaves nothing behind that a later record could trip over.",
		run: func(t *trial) {
			r := session("ada")
			t.create(r)
			t.save(asStored(r, 1))
			if _, err := t.s.Delete(t.ctx, r.ID); err != nil {
				t.Fatalf("delete: %v", err)
			}
			t.has(t.create(r))
			t.counts("ada", 1)
		},
	}, {
		name: "a replaced record is gone",
		why: "Sign-in gives the visitor a new session; if the old ticket stays good, whoever planted it before is " +
			"signed in as well.",
		run: func(t *trial) {
			visitor := t.create(session(""))
			user := successor(visitor, "ada")
			t.must(t.s.Create(t.ctx, user, visitor.ID))
			t.hasNot(visitor.ID)
			t.has(asStored(user, 2))
			t.counts("ada", 1)
			t.counts("", 1)
			t.lists(t.list(store.Query{}), user)
		},
	}, {
		name: "a user's record that was replaced leaves the user's list",
		why: "The device list must show one session after another sign-in in the same browser, not a dead one beside " +
			"it.",
		run: func(t *trial) {
			old := t.create(session("ada"))
			next := successor(old, "alan")
			t.must(t.s.Create(t.ctx, next, old.ID))
			t.counts("ada", 0)
			t.counts("alan", 1)
			t.lists(t.list(store.Query{User: "ada"}))
			t.lists(t.list(store.Query{User: "alan"}), next)
		},
	}, {
		name: "what has been revoked cannot be replaced",
		why: "A sign-in or rotation that runs while its session is revoked must not turn the revoked session into a " +
			"new one.",
		run: func(t *trial) {
			old := t.create(session("ada"))
			if _, err := t.s.Delete(t.ctx, old.ID); err != nil {
				t.Fatalf("delete: %v", err)
			}
			next := successor(old, "ada")
			t.fails(t.s.Create(t.ctx, next, old.ID), store.ErrNotFound)
			t.hasNot(next.ID)
			t.counts("", 0)
			t.counts("ada", 0)
		},
	}, {
		name: "what has changed cannot be replaced by what was made before",
		why: "A cart that another request filled while the password was checked must be carried over too, so the " +
			"sign-in has to look again.",
		run: func(t *trial) {
			old := t.create(session(""))
			t.must(t.s.Save(t.ctx, changed(old)))
			next := successor(old, "ada")
			t.fails(t.s.Create(t.ctx, next, old.ID), store.ErrConflict)
			t.hasNot(next.ID)
			t.counts("", 1)
			next.Version = 2
			t.must(t.s.Create(t.ctx, next, old.ID))
			t.hasNot(old.ID)
		},
	}, {
		name: "a refused replacement keeps the old record",
		why: "If the new ID is taken, nothing may have happened: a user must not lose the session that was to be " +
			"replaced.",
		run: func(t *trial) {
			old, other := t.create(session("ada")), t.create(session("alan"))
			next := successor(old, "ada")
			next.ID = other.ID
			t.fails(t.s.Create(t.ctx, next, old.ID), store.ErrExists)
			t.has(old)
			t.has(other)
			t.counts("", 2)
		},
	}, {
		name: "an unknown ID is not found",
		why:  "Any other answer to a ticket that was never issued would be an error page, or somebody's session.",
		run: func(t *trial) {
			t.create(session("ada"))
			t.hasNot(store.NewID())
			t.hasNot(store.ID{})
		},
	},
}
