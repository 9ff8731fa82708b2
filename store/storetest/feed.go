package storetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// A listener listens to a feed and remembers its notices, record by record.
type listener struct {
	mu    sync.Mutex
	heard map[store.ID][]store.Notice
	all   []store.Notice
	stop  func()
}

// listen subscribes to the feed, or skips the case.
func (t *trial) listen() *listener {
	t.Helper()
	e := &listener{heard: make(map[store.ID][]store.Notice)}
	e.stop = t.subscribe(func(n store.Notice) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if n.Kind == store.Deleted && e.ended(n.ID) {
			return // an end may be told again
		}
		e.heard[n.ID] = append(e.heard[n.ID], n)
		e.all = append(e.all, n)
	})
	t.Cleanup(e.stop)
	return e
}

// ended reports whether the end of a record was the last that was heard of it.
func (e *listener) ended(id store.ID) bool {
	heard := e.heard[id]
	return len(heard) > 0 && slices.Contains(
		[]store.NoticeKind{store.Deleted, store.Replaced, store.Swept}, heard[len(heard)-1].Kind)
}

// subscribe waits until the feed has told all earlier changes, and passes on later ones.
// Without a feed the case is skipped.
func (t *trial) subscribe(tell func(store.Notice)) (stop func()) {
	t.Helper()
	feed, ok := t.s.(store.Feed)
	if !ok {
		t.Skip("the store is no Feed")
	}
	var mu sync.Mutex
	began, whole, up := time.Now(), true, make(chan struct{}, 1)
	stop = feed.Subscribe(func(n store.Notice) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case n.Kind == store.Lost:
			whole = false
		case n.Kind == store.Beat && n.At.Before(began): // a feed with other subscribers, for a while
			whole = false
		case n.Kind == store.Beat:
			whole = true
			select {
			case up <- struct{}{}:
			default:
			}
		case whole: // until then it may be an earlier one, on its way for long
			tell(n)
		}
	})
	mu.Lock()
	wait := !whole
	mu.Unlock()
	if wait {
		select {
		case <-up:
		case <-time.After(t.late):
			stop()
			t.Fatalf("the feed never said that it has told all that was before")
		}
	}
	return stop
}

func (e *listener) of(id store.ID) []store.NoticeKind {
	e.mu.Lock()
	defer e.mu.Unlock()
	var kinds []store.NoticeKind
	for _, n := range e.heard[id] {
		kinds = append(kinds, n.Kind)
	}
	return kinds
}

// hears waits for the wanted notices of a record: a feed across a network may be late, but not wrong.
func (t *trial) hears(e *listener, id store.ID, want ...store.NoticeKind) {
	t.Helper()
	deadline := time.Now().Add(t.late)
	for len(e.of(id)) < len(want) && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if got := e.of(id); !slices.Equal(got, want) {
		t.Fatalf("heard %v, want %v", got, want)
	}
}

// settle makes and deletes a record and waits for its notices: all earlier ones have arrived by then.
func (t *trial) settle(e *listener) {
	t.Helper()
	r := t.create(session("settle"))
	if _, err := t.s.Delete(t.ctx, r.ID); err != nil {
		t.Fatalf("delete: %v", err)
	}
	t.hears(e, r.ID, store.Created, store.Deleted)
}

var feedCases = []testCase{
	{
		name: "an end is told even if there is no record",
		why:  "A record that somebody has removed by other means lives on in caches, until they are told of its end.",
		run: func(t *trial) {
			e, r := t.listen(), session("ada")
			if found, err := t.s.Delete(t.ctx, r.ID); found || err != nil {
				t.Fatalf("delete: %v, %v", found, err)
			}
			t.hears(e, r.ID, store.Deleted)
		},
	}, {
		name: "every change is told, in order",
		why:  "A cache that hears of a save after the delete, or not at all, serves a session that was signed out.",
		run: func(t *trial) {
			e := t.listen()
			r := t.create(session("ada"))
			r = t.save(changed(r))
			t.save(changed(r))
			if _, err := t.s.Delete(t.ctx, r.ID); err != nil {
				t.Fatalf("delete: %v", err)
			}
			t.hears(e, r.ID, store.Created, store.Saved, store.Saved, store.Deleted)
			e.mu.Lock()
			defer e.mu.Unlock()
			for i, n := range e.heard[r.ID] {
				if n.User != "ada" && (n.Kind != store.Deleted || n.User != "") {
					t.Errorf("notice %d names the user %q, want ada", n.Kind, n.User)
				}
				if version := uint64(i + 1); n.Version != 0 && (n.Version != version || n.Kind == store.Deleted) {
					t.Errorf("notice %d names version %d, want %d, or none where it is deleted",
						n.Kind, n.Version, version)
				}
			}
		},
	}, {
		name: "touches are not told",
		why:  "Every request touches; a feed full of touches drowns what matters.",
		run: func(t *trial) {
			e := t.listen()
			r := t.create(session("ada"))
			for i := range 5 {
				t.touch(r.ID, epoch.Add(time.Duration(i)*time.Hour))
			}
			t.settle(e)
			t.hears(e, r.ID, store.Created)
		},
	}, {
		name: "a replacement tells of both records",
		why: "The old session must leave the caches, and the lists of who is signed in, before the new one takes its " +
			"place.",
		run: func(t *trial) {
			old := t.create(session(""))
			e := t.listen()
			r := successor(old, "ada")
			t.must(t.s.Create(t.ctx, r, old.ID))
			t.hears(e, old.ID, store.Replaced)
			t.hears(e, r.ID, store.Created)
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.all[0].ID != old.ID || len(e.all) != 2 {
				t.Errorf("heard %v, want first of the old record, then of the new one", e.all)
			}
		},
	}, {
		name: "what was refused is not told",
		why:  "A notice of a change that never happened makes a cache drop, or a console show, what is not so.",
		run: func(t *trial) {
			r := t.create(session("ada"))
			gone := session("ada")
			e := t.listen()
			stale := changed(r)
			stale.Version = 9
			t.fails(t.s.Save(t.ctx, stale), store.ErrConflict)
			t.fails(t.s.Save(t.ctx, gone), store.ErrNotFound)
			t.fails(t.s.Create(t.ctx, r, store.ID{}), store.ErrExists)
			t.fails(t.s.Create(t.ctx, gone, store.NewID()), store.ErrNotFound)
			t.settle(e)
			t.hears(e, r.ID)
			t.hears(e, gone.ID)
		},
	}, {
		name: "a sign-out everywhere tells of each record",
		why:  "One session that a cache was not told of goes on working there.",
		run: func(t *trial) {
			a, b, kept := t.create(session("ada")), t.create(session("ada")), t.create(session("ada"))
			e := t.listen()
			t.deleteUser("ada", kept.ID)
			t.hears(e, a.ID, store.Deleted)
			t.hears(e, b.ID, store.Deleted)
			t.settle(e)
			t.hears(e, kept.ID)
		},
	}, {
		name: "a sign-out everywhere is told of the user, too",
		why: "A record that somebody has removed by other means lives on in caches, and nobody can tell its ID any " +
			"more when its user is signed out.",
		run: func(t *trial) {
			e := t.listen()
			t.sameIDs(t.deleteUser("ada"))
			t.hears(e, store.ID{}, store.UserDeleted)
			kept := t.create(session("ada"))
			t.sameIDs(t.deleteUser("ada", kept.ID))
			t.hears(e, store.ID{}, store.UserDeleted, store.UserDeleted)
			t.deleteUser("")
			t.settle(e)
			t.hears(e, store.ID{}, store.UserDeleted, store.UserDeleted)
			e.mu.Lock()
			defer e.mu.Unlock()
			for _, n := range e.heard[store.ID{}] {
				if n.User != "ada" {
					t.Errorf("the notice names the user %q, want ada", n.User)
				}
			}
		},
	}, {
		name: "a sweep tells of each record",
		why: "The console's list of live sessions is kept up to date by the feed alone, and tells an end by time " +
			"from one by hand.",
		run: func(t *trial) {
			dead, live := t.create(ending(epoch, false)), t.create(session("ada"))
			e := t.listen()
			t.sweep(epoch, 10, 1)
			t.hears(e, dead.ID, store.Swept)
			t.settle(e)
			t.hears(e, live.ID)
		},
	}, {
		name: "every subscriber is told, until they stop",
		why:  "A console page that was closed must not be called any more, and stopping twice must do no harm.",
		run: func(t *trial) {
			a, b := t.listen(), t.listen()
			first := t.create(session("ada"))
			t.hears(a, first.ID, store.Created)
			t.hears(b, first.ID, store.Created)
			a.stop()
			a.stop()
			second := t.create(session("ada"))
			t.hears(b, second.ID, store.Created)
			t.hears(a, second.ID)
		},
	}, {
		name: "notices of one record keep their order under load",
		why:  "Group commits and parallel requests must not mix up the order in which one session changed.",
		run: func(t *trial) {
			const n = 16
			e := t.listen()
			var ids [n]store.ID
			t.parallel(n, func(i int) {
				r := session(fmt.Sprintf("user-%d", i))
				ids[i] = r.ID
				err := t.s.Create(t.ctx, r, store.ID{})
				for v := uint64(1); v <= 5 && err == nil; v++ {
					r.Version = v
					err = t.s.Save(t.ctx, r)
				}
				if err == nil {
					_, err = t.s.Delete(t.ctx, r.ID)
				}
				if err != nil {
					t.Errorf("record %d: %v", i, err)
				}
			})
			for _, id := range ids {
				t.hears(e, id, store.Created,
					store.Saved, store.Saved, store.Saved, store.Saved, store.Saved, store.Deleted)
			}
		},
	}, {
		name: "what was told can be read",
		why:  "A cache that reads again on a notice must not get the state from before it.",
		run: func(t *trial) {
			told := make(chan store.Notice, 100)
			t.Cleanup(t.subscribe(func(n store.Notice) { told <- n }))
			r := session("ada")
			var writing sync.WaitGroup
			defer writing.Wait() // a notice may be faster than the answer to whom made the change
			writing.Go(func() {
				if err := t.s.Create(t.ctx, r, store.ID{}); err != nil {
					t.Errorf("create: %v", err)
				}
				if err := t.s.Save(t.ctx, asStored(r, 1)); err != nil {
					t.Errorf("save: %v", err)
				}
			})
			for version := uint64(1); version <= 2; version++ {
				select {
				case <-told:
				case <-time.After(t.late):
					t.Fatalf("nothing was told")
				}
				if got := t.load(r.ID).Version; got < version {
					t.Errorf("version %d was read after notice %d", got, version)
				}
			}
		},
	}, {
		name: "a beat tells the server's time",
		why: "Nodes whose clocks differ compare the times of sessions by that of the server. By its own clock, a " +
			"node that is fast sweeps everybody's sessions away, and takes an honest browser for a thief.",
		run: func(t *trial) {
			first, next := t.beats()
			for _, n := range []store.Notice{first, next} {
				if n.Server.IsZero() || n.Within < 0 || n.Within > t.late {
					t.Fatalf("a beat at %v tells the server's time %v, give or take %v", n.At, n.Server, n.Within)
				}
			}
			here, there := next.At.Sub(first.At), next.Server.Sub(first.Server)
			if off := (there - here).Abs(); off > first.Within+next.Within+here/2 {
				t.Errorf("in %v the server's clock has moved by %v", here, there)
			}
		},
	},
}

// beats waits for two beats that are a while apart. It skips the case if no server could tell the time.
func (t *trial) beats() (first, next store.Notice) {
	t.Helper()
	feed, ok := t.s.(store.Feed)
	if !ok {
		t.Skip("the store is no Feed")
	}
	told := make(chan store.Notice, 1000)
	t.Cleanup(feed.Subscribe(func(n store.Notice) {
		if n.Kind == store.Lost || n.Kind == store.Beat {
			select {
			case told <- n:
			default:
			}
		}
	}))
	if len(told) == 0 { // a feed with a server tells how things stand before Subscribe returns
		t.Skip("the feed is one within the process")
	}
	for limit := time.After(t.late); ; {
		select {
		case n := <-told:
			switch {
			case n.Kind != store.Beat:
			case first.At.IsZero():
				first = n
			case n.At.Sub(first.At) >= t.late/20:
				return first, n
			}
		case <-limit:
			t.Fatalf("no two beats within %v", t.late)
		}
	}
}
