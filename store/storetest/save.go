package storetest

import (
	"time"

	"coatcheck.dev/store"
)

// changed returns a loaded record as a busy request would leave it: something new in every changeable field.
func changed(r store.Record) store.Record {
	r.Secret = hashOf(r.ID, 3)
	r.Rotation = store.Rotation{Nonce: store.Nonce(store.NewID()), Other: hashOf(r.ID, 4), At: epoch.Add(time.Hour)}
	r.LastSeen = r.LastSeen.Add(time.Minute)
	r.ExpiresAt = r.ExpiresAt.Add(time.Hour)
	r.IdleTimeout += time.Minute
	r.Remember = !r.Remember
	r.Auth = append(r.Auth, store.Auth{Method: "code", At: epoch.Add(time.Hour), Level: 3})
	r.Device = store.Device{Address: "2001:db8::1", UserAgent: "curl/8", Label: "shell"}
	r.Data = with(r.Data, "theme", `"dark"`)
	return r
}

var saveCases = []testCase{
	{
		name: "a save replaces the record, at the next version",
		why:  "A field that a save forgets is a change that was acknowledged and lost.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			t.has(t.save(changed(r)))
			t.has(t.save(changed(t.load(r.ID))))
		},
	}, {
		name: "a save can empty what was there",
		why:  "Signing out of a role or clearing a cart must not leave the old value behind.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			r.Auth, r.Data, r.Device, r.Rotation = nil, store.Data{}, store.Device{}, store.Rotation{}
			r.Remember, r.IdleTimeout = false, 0
			t.has(t.save(r))
		},
	}, {
		name: "a stale version is a conflict",
		why:  "Whoever saves what they loaded before somebody else's save would undo it without knowing.",
		run: func(t *trial) {
			loaded := t.create(session("ada"))
			won := t.save(changed(loaded))
			lost := loaded
			lost.Data = with(lost.Data, "cart", `["coffee"]`)
			t.fails(t.s.Save(t.ctx, lost), store.ErrConflict)
			t.has(won)
		},
	}, {
		name: "a version from the future is a conflict",
		why: "After a restore from a backup a version can be behind; only equality proves that nothing happened in " +
			"between.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			ahead := changed(r)
			ahead.Version = 7
			t.fails(t.s.Save(t.ctx, ahead), store.ErrConflict)
			ahead.Version = 0
			t.fails(t.s.Save(t.ctx, ahead), store.ErrConflict)
			t.has(r)
		},
	}, {
		name: "a save never creates",
		why: "A write never creates: otherwise any slow request could bring a session into being that nobody signed " +
			"in to.",
		run: func(t *trial) {
			r := asStored(session("ada"), 1)
			t.fails(t.s.Save(t.ctx, r), store.ErrNotFound)
			r.Version = 0
			t.fails(t.s.Save(t.ctx, r), store.ErrNotFound)
			t.hasNot(r.ID)
			t.counts("", 0)
			t.counts("ada", 0)
		},
	}, {
		name: "a save after a delete never resurrects",
		why:  "Logout wins: a request that was still running when its user signed out must not sign them in again.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			if found, err := t.s.Delete(t.ctx, r.ID); !found || err != nil {
				t.Fatalf("delete: got %v, %v", found, err)
			}
			t.fails(t.s.Save(t.ctx, changed(r)), store.ErrNotFound)
			t.hasNot(r.ID)
			t.lists(t.list(store.Query{User: "ada"}))
		},
	}, {
		name: "a save never moves LastSeen back",
		why:  "A slow request that saves late would make an active session look idle, and end it.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			later := r.LastSeen.Add(10 * time.Minute)
			t.touch(r.ID, later)
			want := t.save(changed(r)) // moves LastSeen too, but not as far
			want.LastSeen = later
			t.has(want)
		},
	}, {
		name: "a save moves LastSeen forward",
		why:  "A request that writes needs no touch as well.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			r.LastSeen = r.LastSeen.Add(time.Minute + time.Microsecond)
			t.has(t.save(r))
		},
	}, {
		name: "a save concerns one record",
		why:  "Two sessions of a user differ in nothing but their ID; the wrong one must not change.",
		run: func(t *trial) {
			a, b := t.create(session("ada")), t.create(session("ada"))
			t.has(t.save(changed(a)))
			t.has(b)
		},
	}, {
		name: "a saved record stays in its place",
		why:  "A save must neither hide a session from its user's device list nor move it up as if it were new.",
		run: func(t *trial) {
			old, recent := session("ada"), session("ada")
			recent.CreatedAt = recent.CreatedAt.Add(time.Second)
			t.create(old)
			t.create(recent)
			t.save(changed(asStored(old, 1)))
			t.counts("ada", 2)
			t.counts("", 2)
			t.lists(t.list(store.Query{User: "ada"}), recent, old)
			t.lists(t.list(store.Query{}), recent, old)
		},
	},
}
