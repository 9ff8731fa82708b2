package storetest

import (
	"time"

	"coatcheck.dev/store"
)

// deleteUser signs a user out and returns the IDs of the removed records.
func (t *trial) deleteUser(user string, keep ...store.ID) []store.ID {
	t.Helper()
	ids, err := t.s.DeleteUser(t.ctx, user, keep...)
	if err != nil {
		t.Fatalf("delete user: %v", err)
	}
	return ids
}

var deleteCases = []testCase{
	{
		name: "a deleted record is gone everywhere",
		why:  "A session that was signed out must neither be found nor listed nor counted.",
		run: func(t *trial) {
			r, other := t.create(session("ada")), t.create(session("ada"))
			if found, err := t.s.Delete(t.ctx, r.ID); !found || err != nil {
				t.Errorf("delete: got %v, %v; want true", found, err)
			}
			t.hasNot(r.ID)
			t.has(other)
			t.lists(t.list(store.Query{User: "ada"}), other)
			t.lists(t.list(store.Query{}), other)
			t.counts("ada", 1)
			t.counts("", 1)
		},
	}, {
		name: "a delete says whether there was a record",
		why:  "The console tells its user \"ended\" or \"was over already\"; neither is an error.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			for i, id := range []store.ID{store.NewID(), r.ID, r.ID, {}} {
				if found, err := t.s.Delete(t.ctx, id); found != (i == 1) || err != nil {
					t.Errorf("delete %d: got %v, %v", i, found, err)
				}
			}
		},
	}, {
		name: "all records of a user go at once",
		why:  "\"Sign out everywhere\" after a theft must not miss one device, nor another user's.",
		run: func(t *trial) {
			a, b := t.create(session("ada")), t.create(session("ada"))
			other, visitor := t.create(session("alan")), t.create(session(""))
			t.sameIDs(t.deleteUser("ada"), a.ID, b.ID)
			t.hasNot(a.ID)
			t.hasNot(b.ID)
			t.has(other)
			t.has(visitor)
			t.counts("ada", 0)
			t.counts("", 2)
			t.lists(t.list(store.Query{User: "ada"}))
			t.sameIDs(t.deleteUser("ada"))
		},
	}, {
		name: "the kept records stay",
		why:  "Whoever changes the password stays signed in, in this browser, while all others are signed out.",
		run: func(t *trial) {
			a, b, c := t.create(session("ada")), t.create(session("ada")), t.create(session("ada"))
			t.sameIDs(t.deleteUser("ada", b.ID, a.ID), c.ID)
			t.has(a)
			t.has(b)
			t.hasNot(c.ID)
			t.counts("ada", 2)
		},
	}, {
		name: "to keep a stranger's record changes nothing",
		why:  "An ID in keep that is not the user's, or not there at all, must neither fail nor save anything.",
		run: func(t *trial) {
			a, other := t.create(session("ada")), t.create(session("alan"))
			t.sameIDs(t.deleteUser("ada", other.ID, store.NewID(), store.ID{}), a.ID)
			t.hasNot(a.ID)
			t.has(other)
		},
	}, {
		name: "the empty user is nobody",
		why:  "A bug that passes an empty user must not sign out every visitor of the site.",
		run: func(t *trial) {
			visitor, user := t.create(session("")), t.create(session("ada"))
			t.sameIDs(t.deleteUser(""))
			t.has(visitor)
			t.has(user)
		},
	}, {
		name: "an unknown user has nothing to delete",
		why:  "A user who is signed out already can be signed out.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			t.sameIDs(t.deleteUser("alan"))
			t.has(r)
		},
	}, {
		name: "a user of many records loses them all",
		why: "Scripts that sign in anew each time leave thousands; a revoke that stops at a page's end leaves the " +
			"thief's.",
		run: func(t *trial) {
			const n = 1500
			records := make([]store.Record, n)
			for i := range records {
				records[i] = session("bot")
				records[i].CreatedAt = epoch.Add(time.Duration(i%7) * time.Second)
			}
			t.createAll(records)
			kept := records[n/2].ID
			t.counts("bot", n)
			t.sameIDs(append(t.deleteUser("bot", kept), kept), idsOf(records)...)
			t.counts("bot", 1)
		},
	},
}
