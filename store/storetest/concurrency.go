package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// update changes a record as sessions do: load, change, save, and again if somebody else was faster. Of all who
// try at the same time one gets through each time, so nobody needs as many tries as are allowed here.
func (t *trial) update(id store.ID, change func(*store.Record)) error {
	for range 10_000 {
		r, err := t.s.Load(t.ctx, id)
		if err != nil {
			return err
		}
		change(&r)
		if err := t.s.Save(t.ctx, r); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return store.ErrConflict
}

// only counts how many of n calls at the same time succeed, and checks the reason for refusing the others.
func (t *trial) only(n int, refusal error, call func(i int) error) (succeeded int) {
	t.Helper()
	var count atomic.Int64
	t.parallel(n, func(i int) {
		switch err := call(i); {
		case err == nil:
			count.Add(1)
		case !errors.Is(err, refusal):
			t.Errorf("call %d: got error %v, want %v", i, err, refusal)
		}
	})
	return int(count.Load())
}

var concurrencyCases = []testCase{
	{
		name: "64 writers lose no update",
		why:  "Parallel requests of one page each set their own key; all of them must be there afterwards.",
		run: func(t *trial) {
			const writers = 64
			r := t.create(session("ada"))
			t.parallel(writers, func(i int) {
				key := fmt.Sprintf("key-%d", i)
				if err := t.update(r.ID, func(r *store.Record) { r.Data = with(r.Data, key, "1") }); err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			})
			got := t.load(r.ID)
			for i := range writers {
				if _, ok := got.Data.Get(fmt.Sprintf("key-%d", i)); !ok {
					t.Errorf("the update of writer %d is lost", i)
				}
			}
			if got.Version != writers+1 {
				t.Errorf("the version is %d after %d saves, want %d", got.Version, writers, writers+1)
			}
		},
	}, {
		name: "of savers with one version, one wins",
		why:  "Two who both believe that they have won have overwritten each other.",
		run: func(t *trial) {
			for range 10 {
				r := t.create(session("ada"))
				won := t.only(16, store.ErrConflict, func(i int) error {
					mine := r
					mine.Data = with(mine.Data, "winner", fmt.Sprint(i))
					return t.s.Save(t.ctx, mine)
				})
				if won != 1 || t.load(r.ID).Version != 2 {
					t.Errorf("%d savers won, want 1", won)
				}
			}
		},
	}, {
		name: "of creators with one ID, one wins",
		why:  "Two sessions behind one ticket would be two users with one key.",
		run: func(t *trial) {
			for range 10 {
				id := store.NewID()
				won := t.only(16, store.ErrExists, func(i int) error {
					r := session(fmt.Sprintf("user-%d", i))
					r.ID = id
					return t.s.Create(t.ctx, r, store.ID{})
				})
				if won != 1 {
					t.Errorf("%d creators won, want 1", won)
				}
			}
			t.counts("", 10)
		},
	}, {
		name: "of those who replace one record, one wins",
		why:  "A double click on \"sign in\" must not make two sessions out of one.",
		run: func(t *trial) {
			for range 10 {
				old := t.create(session(""))
				won := t.only(16, store.ErrNotFound, func(i int) error {
					return t.s.Create(t.ctx, successor(old, "ada"), old.ID)
				})
				if won != 1 {
					t.Errorf("%d replacements won, want 1", won)
				}
				t.hasNot(old.ID)
			}
			t.counts("", 10)
			t.counts("ada", 10)
		},
	}, {
		name: "of those who delete one record, one is told",
		why:  "The number of ended sessions is shown and logged; each ends once.",
		run: func(t *trial) {
			for range 10 {
				r := t.create(session("ada"))
				var told atomic.Int64
				t.parallel(16, func(int) {
					found, err := t.s.Delete(t.ctx, r.ID)
					if err != nil {
						t.Errorf("delete: %v", err)
					}
					if found {
						told.Add(1)
					}
				})
				if told.Load() != 1 {
					t.Errorf("%d were told that they deleted the record, want 1", told.Load())
				}
			}
		},
	}, {
		name: "logout wins under fire",
		why:  "While a page's requests save all the time, a sign-out must end the session at once and for good.",
		run: func(t *trial) {
			for round := range 20 {
				r := t.create(session("ada"))
				deleted := make(chan struct{})
				t.parallel(9, func(i int) {
					if i == 0 {
						defer close(deleted)
						time.Sleep(time.Duration(round) * 50 * time.Microsecond)
						if found, err := t.s.Delete(t.ctx, r.ID); !found || err != nil {
							t.Errorf("delete: got %v, %v", found, err)
						}
						return
					}
					t.saveUntilGone(r.ID, deleted)
				})
				t.hasNot(r.ID)
			}
			t.counts("ada", 0)
			t.counts("", 0)
		},
	}, {
		name: "a sign-out everywhere misses no session that is just replaced",
		why:  "If the new session slipped through, a thief who rotates in time would survive the revoke.",
		run: func(t *trial) {
			const chains = 4
			for range 20 {
				var heads [chains]store.Record
				for i := range heads {
					heads[i] = t.create(session("ada"))
				}
				revoked := make(chan struct{})
				t.parallel(chains+1, func(i int) {
					if i < chains {
						t.replaceUntilGone(asStored(heads[i], 1), revoked)
						return
					}
					defer close(revoked)
					if _, err := t.s.DeleteUser(t.ctx, "ada"); err != nil {
						t.Errorf("delete user: %v", err)
					}
				})
				t.counts("ada", 0)
			}
			t.lists(t.list(store.Query{}))
		},
	}, {
		name: "touches and saves do not hinder each other",
		why:  "A touch must not be lost to a save, nor make one fail, however they fall together.",
		run: func(t *trial) {
			const n = 32
			r := t.create(session("ada"))
			var touching sync.WaitGroup
			touching.Add(n)
			touched := make(chan struct{})
			go func() { touching.Wait(); close(touched) }()
			t.parallel(n+1, func(i int) {
				if i < n {
					defer touching.Done()
					t.touchBackAndForth(r.ID, i, 0) // the last one to arrive is the oldest
					return
				}
				for mine := r; mine.Version < 20 || !isClosed(touched); mine.Version++ {
					if err := t.s.Save(t.ctx, mine); err != nil {
						t.Errorf("save of the only writer: %v", err)
						return
					}
				}
			})
			if got, want := t.load(r.ID).LastSeen, epoch.Add((n-1)*time.Minute); !got.Equal(want) {
				t.Errorf("LastSeen is %v, want %v", got, want)
			}
		},
	}, {
		name: "readers see whole records",
		why:  "A record of which one half is older than the other can have one user's name and another's rights.",
		run: func(t *trial) {
			r := session("ada")
			r.Data, r.Device.Label = with(store.Data{}, "n", "1"), "1"
			t.create(r)
			done := make(chan struct{})
			t.parallel(5, func(i int) {
				if i == 0 {
					defer close(done)
					for range 100 {
						err := t.update(r.ID, func(r *store.Record) {
							r.Device.Label = fmt.Sprint(r.Version + 1)
							r.Data = with(r.Data, "n", r.Device.Label)
						})
						if err != nil {
							t.Errorf("update: %v", err)
						}
					}
					return
				}
				t.readUntil(done, r.ID)
			})
		},
	}, {
		name: "listings are in order while records come and go",
		why:  "No record may be listed twice, and one that is there all the time must not be missing.",
		run: func(t *trial) {
			steady := newestFirst(t.sessions("ada", 20))
			done := make(chan struct{})
			t.parallel(3, func(i int) {
				if i == 0 {
					defer close(done)
					for range 10 {
						for _, q := range []store.Query{{User: "ada", Limit: 7}, {Limit: 7}} {
							t.contains(t.pages(q), steady)
						}
					}
					return
				}
				for n := 0; n < 500 && !isClosed(done); n++ {
					r := session("ada")
					r.CreatedAt = epoch.Add(time.Duration(r.ID[0]%20) * time.Second)
					if err := t.s.Create(t.ctx, r, store.ID{}); err != nil {
						t.Errorf("create: %v", err)
					}
					if _, err := t.s.Delete(t.ctx, r.ID); err != nil {
						t.Errorf("delete: %v", err)
					}
				}
			})
		},
	}, {
		name: "sweeps at the same time share the work",
		why: "Every node of a site sweeps; what is over is deleted and counted once, and live sessions are left to " +
			"the users.",
		run: func(t *trial) {
			const dead = 100
			records := make([]store.Record, dead, dead+10)
			for i := range records {
				records[i] = ending(epoch, false)
			}
			for range 10 {
				records = append(records, session("ada"))
			}
			t.createAll(records)
			var swept atomic.Int64
			t.parallel(4, func(int) {
				for {
					n, err := t.s.Sweep(t.ctx, epoch, 7)
					if swept.Add(int64(n)); err != nil || n < 7 {
						if err != nil {
							t.Errorf("sweep: %v", err)
						}
						return
					}
				}
			})
			if swept.Load() != dead {
				t.Errorf("the sweeps say that they deleted %d records, want %d", swept.Load(), dead)
			}
			t.counts("ada", 10)
		},
	},
}

// saveUntilGone saves a record again and again. Once deleted is closed, no save may succeed.
func (t *trial) saveUntilGone(id store.ID, deleted <-chan struct{}) {
	t.untilGone(deleted, func() error {
		return t.update(id, func(r *store.Record) { r.Data = with(r.Data, "n", fmt.Sprint(r.Version)) })
	})
}

// replaceUntilGone replaces a record by a new one, and that by the next. Once revoked is closed, nothing may be
// replaced.
func (t *trial) replaceUntilGone(r store.Record, revoked <-chan struct{}) {
	t.untilGone(revoked, func() error {
		next := successor(r, "ada")
		err := t.s.Create(t.ctx, next, r.ID)
		r = asStored(next, next.Version+1)
		return err
	})
}

// untilGone repeats a write until there is nothing left to write to. That must be so once ended is closed.
func (t *trial) untilGone(ended <-chan struct{}, write func() error) {
	for {
		over := isClosed(ended)
		err := write()
		switch {
		case errors.Is(err, store.ErrNotFound):
			return
		case err != nil:
			t.Errorf("write: %v", err)
			return
		case over:
			t.Errorf("a write succeeded after the end of its session had been acknowledged")
			return
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// touchBackAndForth touches a record at some minutes after the epoch.
func (t *trial) touchBackAndForth(id store.ID, minutes ...int) {
	for _, m := range minutes {
		if err := t.s.Touch(t.ctx, []store.Seen{{ID: id, At: epoch.Add(time.Duration(m) * time.Minute)}}); err != nil {
			t.Errorf("touch: %v", err)
		}
	}
}

// readUntil checks a record again and again: its parts always fit together and never become older.
func (t *trial) readUntil(done <-chan struct{}, id store.ID) {
	for last, over := uint64(0), false; !over; {
		over = isClosed(done) // and read once more: the last state must be whole as well
		r, err := t.s.Load(t.ctx, id)
		if err != nil {
			t.Errorf("load: %v", err)
			return
		}
		if v, _ := r.Data.Get("n"); v.JSON != r.Device.Label || v.JSON != fmt.Sprint(r.Version) {
			t.Errorf("version %d came with label %s and data %s", r.Version, r.Device.Label, v.JSON)
		}
		if r.Version < last {
			t.Errorf("version %d was read after version %d", r.Version, last)
		}
		last = r.Version
	}
}

// contains checks a listing: it is in order and has all of the wanted records.
func (t *trial) contains(got, want []store.Record) {
	t.Helper()
	seen := make(map[store.ID]bool, len(got))
	for i, r := range got {
		if seen[r.ID] {
			t.Errorf("a record is listed twice")
		}
		if seen[r.ID] = true; i > 0 && newestFirst(got[i-1 : i+1])[0].ID != got[i-1].ID {
			t.Errorf("records %d and %d of the listing are not in order", i-1, i)
		}
	}
	for _, r := range want {
		if !seen[r.ID] {
			t.Errorf("a record that was there all the time is missing")
		}
	}
}
