package near_test

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
)

// during has something happen once, while an answer of the store is on its way.
func (n *node) during(happen func(r store.Record)) {
	n.inner.set(func(d *double) {
		d.after = func(_ store.ID, r store.Record, err error) (store.Record, error) {
			n.inner.set(func(d *double) { d.after = nil })
			happen(r)
			return r, err
		}
	})
}

// What a load brings is not kept if anything happened to the record since it began.
func TestAnswersThatComeTooLate(t *testing.T) {
	for _, c := range []struct {
		name   string
		happen func(n *node, r store.Record)
		then   uint64 // the version that is there afterwards
		loads  int64  // that it takes to know
	}{
		{"saved elsewhere", func(n *node, r store.Record) { n.saveElsewhere(r) }, 2, 1},
		{"ended elsewhere", func(n *node, r store.Record) { n.endElsewhere(r.ID) }, 0, 0},
		{"contradicted", func(n *node, r store.Record) { n.Invalidate(r.ID, 1) }, 1, 1},
		{"saved here", func(n *node, r store.Record) { n.must(n.Save(context.Background(), r)) }, 2, 1},
		{"ended here", func(n *node, r store.Record) {
			_, err := n.Delete(context.Background(), r.ID)
			n.must(err)
		}, 0, 0},
		{"ended here with all of the user's", func(n *node, r store.Record) {
			_, err := n.DeleteUser(context.Background(), "ada")
			n.must(err)
		}, 0, 0},
		{"replaced here", func(n *node, r store.Record) {
			next := session("ada")
			next.Version = r.Version
			n.must(n.Create(context.Background(), next, r.ID))
			n.reads(next.ID, 2, 0)
		}, 0, 0},
		{"nothing", func(*node, store.Record) {}, 1, 0},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			n := newNode(t, near.Options{})
			r := n.elsewhere()
			n.during(func(r store.Record) { c.happen(n, r) })
			if _, err := n.Load(context.Background(), r.ID); err != nil {
				t.Errorf("load: %v", err)
			}
			n.reads(r.ID, c.then, c.loads)
			n.reads(r.ID, c.then, 0)
		})
	}
	inBubble(t, "created elsewhere", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := session("ada")
		n.during(func(store.Record) { n.must(n.inner.far.Create(context.Background(), r, store.ID{})) })
		n.reads(r.ID, 0, 1)
		n.reads(r.ID, 1, 1)
		n.reads(r.ID, 1, 0)
	})
	inBubble(t, "touched here", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		seen := r.LastSeen.Add(time.Minute)
		n.during(func(r store.Record) {
			n.must(n.Touch(context.Background(), []store.Seen{{ID: r.ID, At: seen}}))
		})
		n.reads(r.ID, 1, 1)
		n.lastSeen(r.ID, seen)
	})
}

func (n *node) must(err error) {
	n.Helper()
	if err != nil {
		n.Fatalf("unexpected error: %v", err)
	}
}

func (n *node) lastSeen(id store.ID, want time.Time) {
	n.Helper()
	r, err := n.Load(context.Background(), id)
	if err != nil || !r.LastSeen.Equal(want) {
		n.Errorf("last seen %v, %v; want %v", r.LastSeen, err, want)
	}
}

func TestOwnWrites(t *testing.T) {
	inBubble(t, "are read without asking the store", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.here()
		n.reads(r.ID, 1, 0)
		r.Data = r.Data.With(store.Change{Key: "theme", Value: store.Value{JSON: `"light"`}})
		n.must(n.Save(context.Background(), r))
		n.reads(r.ID, 2, 0)
		got, err := n.Load(context.Background(), r.ID)
		want, _ := n.inner.far.Load(context.Background(), r.ID)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
		seen := r.LastSeen.Add(time.Minute)
		n.must(n.Touch(context.Background(), []store.Seen{
			{ID: r.ID, At: seen}, {ID: r.ID, At: r.LastSeen}, {ID: store.NewID(), At: seen},
		}))
		n.lastSeen(r.ID, seen)
		got.Data = store.Data{}
		n.must(n.Save(context.Background(), got))
		n.lastSeen(r.ID, seen)
		n.reads(r.ID, 3, 0)
	})
	inBubble(t, "are not dropped by their own notice, and are by the next one", func(t *testing.T) {
		n := newNode(t, near.Options{})
		n.inner.set(func(d *double) { d.hold = true })
		r := n.here()
		n.inner.arrive(1)
		n.reads(r.ID, 1, 0)
		n.must(n.Save(context.Background(), r))
		n.reads(r.ID, 2, 0)
		n.inner.arrive(1)
		n.reads(r.ID, 2, 0)
		r.Version = 2
		n.saveElsewhere(r)
		n.reads(r.ID, 2, 0)
		n.inner.arrive(1)
		n.reads(r.ID, 3, 1)
	})
	inBubble(t, "are believed as long as the feed is whole", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.here()
		n.must(n.Save(context.Background(), r))
		n.beats(time.Minute)
		n.reads(r.ID, 2, 0)
		time.Sleep(lease + time.Nanosecond)
		n.reads(r.ID, 2, 1)
	})
	inBubble(t, "are read again if the feed does not say what it tells of", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.here()
		n.must(n.Save(context.Background(), r))
		n.inner.relay(store.Notice{Kind: store.Saved, ID: r.ID})
		n.reads(r.ID, 2, 1)
		n.inner.relay(store.Notice{Kind: store.Saved, ID: r.ID, Version: 2})
		n.reads(r.ID, 2, 0)
	})
	inBubble(t, "are not believed if a later change was told before they returned", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.inner.set(func(d *double) {
			d.write = func(_ store.NoticeKind, call func() error) error {
				err := call()
				next := r
				next.Version = 2
				n.saveElsewhere(next)
				return err
			}
		})
		n.must(n.Save(context.Background(), r))
		n.reads(r.ID, 3, 1)
	})
	inBubble(t, "are not believed if the session was ended before they returned", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.inner.set(func(d *double) {
			d.write = func(_ store.NoticeKind, call func() error) error {
				err := call()
				n.endElsewhere(r.ID)
				return err
			}
		})
		n.must(n.Save(context.Background(), r))
		n.reads(r.ID, 0, 1)
	})
	inBubble(t, "that meet do not put an older version over a newer one", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.inner.set(func(d *double) {
			d.write = func(_ store.NoticeKind, call func() error) error {
				n.inner.set(func(d *double) { d.write = nil })
				err := call()
				next := r
				next.Version = 2
				n.must(n.Save(context.Background(), next))
				n.reads(r.ID, 3, 1)
				return err
			}
		})
		n.must(n.Save(context.Background(), r))
		n.reads(r.ID, 3, 1)
		n.reads(r.ID, 3, 0)
	})
	inBubble(t, "that are undone before they return bring nothing back", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := session("ada")
		n.inner.set(func(d *double) {
			d.hold = true
			d.write = func(_ store.NoticeKind, call func() error) error {
				n.inner.set(func(d *double) { d.write = nil })
				err := call()
				if existed, err := n.Delete(context.Background(), r.ID); !existed || err != nil {
					t.Errorf("delete: %v, %v", existed, err)
				}
				return err
			}
		})
		n.must(n.Create(context.Background(), r, store.ID{}))
		n.reads(r.ID, 0, 1)
	})
	inBubble(t, "that were refused have the record loaded anew", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.inner.set(func(d *double) { d.hold = true })
		n.saveElsewhere(r)
		n.reads(r.ID, 1, 0)
		if err := n.Save(context.Background(), r); !errors.Is(err, store.ErrConflict) {
			t.Errorf("got %v, want ErrConflict", err)
		}
		n.reads(r.ID, 2, 1)
		n.endElsewhere(r.ID)
		if err := n.Save(context.Background(), r); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		n.reads(r.ID, 0, 1)
	})
	inBubble(t, "whose outcome is unknown have the record loaded anew", func(t *testing.T) {
		n := newNode(t, near.Options{})
		saved, ended := n.elsewhere(), n.elsewhere()
		n.reads(saved.ID, 1, 1)
		n.reads(ended.ID, 1, 1)
		n.inner.set(func(d *double) {
			d.cut = true
			d.write = func(_ store.NoticeKind, call func() error) error {
				_ = call()
				return errors.New("no answer")
			}
		})
		if n.Save(context.Background(), saved) == nil {
			t.Error("the save succeeded")
		}
		if _, err := n.Delete(context.Background(), ended.ID); err == nil {
			t.Error("the delete succeeded")
		}
		n.reads(saved.ID, 2, 1)
		n.reads(ended.ID, 0, 1)
	})
	inBubble(t, "that panic hold nothing up", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.inner.set(func(d *double) {
			d.write = func(store.NoticeKind, func() error) error { panic("the store broke") }
		})
		func() {
			defer func() { _ = recover() }()
			_ = n.Save(context.Background(), r)
		}()
		n.reads(r.ID, 1, 1)
		n.reads(r.ID, 1, 0)
	})
}

// A ticket that is being ended is not let in from the cache while the store is at it.
func TestEndIsNotServedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.inner.set(func(d *double) {
			d.write = func(_ store.NoticeKind, call func() error) error {
				n.reads(r.ID, 1, 1)
				n.reads(r.ID, 1, 1)
				err := call()
				n.reads(r.ID, 0, 0)
				return err
			}
		})
		if _, err := n.Delete(context.Background(), r.ID); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSharedLoads(t *testing.T) {
	inBubble(t, "those who wait share a load that begins after they asked", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.inner.set(func(d *double) {
			d.after = func(_ store.ID, r store.Record, err error) (store.Record, error) {
				time.Sleep(time.Second)
				return r, err
			}
		})
		var readers sync.WaitGroup
		first := make(chan uint64, 1)
		readers.Go(func() { first <- n.version(r.ID) })
		synctest.Wait()
		n.inner.set(func(d *double) { d.cut = true }) // what the first load has found is old now, and nobody is told
		n.saveElsewhere(r)
		for range 20 {
			readers.Go(func() {
				if got := n.version(r.ID); got != 2 {
					t.Errorf("version %d was read after version 2 was saved", got)
				}
			})
		}
		readers.Wait()
		if got := <-first; got != 1 {
			t.Errorf("the first reader got version %d, want 1", got)
		}
		if got := n.inner.loads.Load(); got != 2 {
			t.Errorf("%d loads, want 2", got)
		}
		if s := n.Stats(); s.Loads != 2 || s.SharedLoads != 19 {
			t.Errorf("stats: %d loads, %d shared; want 2, 19", s.Loads, s.SharedLoads)
		}
	})
	inBubble(t, "whoever hangs up disturbs nobody", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.inner.set(func(d *double) { d.before = func(store.ID) { time.Sleep(time.Second) } })
		var readers sync.WaitGroup
		for i := range 20 {
			ctx := context.Background()
			if i%2 == 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Duration(i)*100*time.Millisecond)
				defer cancel()
			}
			readers.Go(func() {
				got, err := n.Load(ctx, r.ID)
				switch {
				case i%2 == 0 && err != nil && !errors.Is(err, context.DeadlineExceeded):
					t.Errorf("reader %d: %v", i, err)
				case i%2 == 1 && (err != nil || got.Version != 1):
					t.Errorf("reader %d: version %d, %v", i, got.Version, err)
				}
			})
		}
		readers.Wait()
		n.reads(r.ID, 1, 0)
	})
	inBubble(t, "a store that panics does so for the one who asked", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.inner.set(func(d *double) {
			d.before = func(store.ID) {
				time.Sleep(time.Second)
				n.inner.set(func(d *double) { d.before = nil })
				panic("the store broke")
			}
		})
		var readers sync.WaitGroup
		readers.Go(func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is lost")
				}
			}()
			_, _ = n.Load(context.Background(), r.ID)
		})
		synctest.Wait()
		for range 5 {
			readers.Go(func() {
				if got := n.version(r.ID); got != 1 {
					t.Errorf("got version %d, want 1", got)
				}
			})
		}
		readers.Wait()
	})
	inBubble(t, "each gets a record of their own", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := session("ada")
		r.Auth = []store.Auth{{Method: "password", At: r.CreatedAt, Level: 1}}
		n.must(n.inner.far.Create(context.Background(), r, store.ID{}))
		n.inner.set(func(d *double) { d.before = func(store.ID) { time.Sleep(time.Second) } })
		var readers sync.WaitGroup
		for range 10 {
			readers.Go(func() {
				got, err := n.Load(context.Background(), r.ID)
				if err != nil || len(got.Auth) != 1 || got.Auth[0].Method != "password" {
					t.Errorf("got %+v, %v", got.Auth, err)
					return
				}
				got.Auth[0].Method = "mine"
			})
		}
		readers.Wait()
	})
}

// version loads a record and returns its version, 0 if there is none.
func (n *node) version(id store.ID) uint64 {
	r, err := n.Load(context.Background(), id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		n.Errorf("load: %v", err)
	}
	return r.Version
}

// A store that reads from replicas may answer with what was true a while ago.
func TestLaggingStore(t *testing.T) {
	lag := func(n *node, old store.Record, oldErr error, times int) {
		n.inner.set(func(d *double) {
			d.after = func(_ store.ID, r store.Record, err error) (store.Record, error) {
				if times--; times < 0 {
					return r, err
				}
				return old, oldErr
			}
		})
	}
	inBubble(t, "is asked again", func(t *testing.T) {
		n := newNode(t, near.Options{})
		old := n.elsewhere()
		n.reads(old.ID, 1, 1)
		r := n.saveElsewhere(old)
		n.reads(r.ID, 2, 1)
		n.saveElsewhere(r)
		lag(n, old, nil, 2)
		n.reads(r.ID, 3, 3)
		if got := n.Stats().Lagged; got != 2 {
			t.Errorf("%d answers lagged, want 2", got)
		}
	})
	inBubble(t, "is refused when it stays behind, for as long as the lease", func(t *testing.T) {
		n := newNode(t, near.Options{})
		old := n.elsewhere()
		n.reads(old.ID, 1, 1)
		n.must(n.Save(context.Background(), old))
		old.Version = 2
		n.saveElsewhere(old)
		old.Version = 1
		lag(n, old, nil, 100)
		if _, err := n.Load(context.Background(), old.ID); !errors.Is(err, near.ErrLagging) {
			t.Errorf("got %v, want ErrLagging", err)
		}
		time.Sleep(lease + time.Nanosecond)
		n.reads(old.ID, 1, 1)
	})
	inBubble(t, "puts nothing older over what is known while a lease ends", func(t *testing.T) {
		n := newNode(t, near.Options{})
		old := n.elsewhere()
		n.reads(old.ID, 1, 1)
		n.saveElsewhere(old) // the notice of which says that there is a version 2
		n.inner.set(func(d *double) {
			d.cut = true
			d.after = func(store.ID, store.Record, error) (store.Record, error) {
				time.Sleep(time.Second)
				n.inner.set(func(d *double) { d.after = nil })
				return old, nil
			}
		})
		time.Sleep(lease - time.Second/2)
		n.reads(old.ID, 1, 1) // nobody vouches for version 2 any more when the answer comes
		n.reads(old.ID, 2, 1)
	})
	inBubble(t, "is believed at last when it says that there is nothing", func(t *testing.T) {
		n := newNode(t, near.Options{})
		old := n.elsewhere()
		n.reads(old.ID, 1, 1)
		n.saveElsewhere(old)
		lag(n, store.Record{}, store.ErrNotFound, 2)
		n.reads(old.ID, 2, 3)
		old.Version = 2
		n.saveElsewhere(old)
		lag(n, store.Record{}, store.ErrNotFound, 100)
		n.reads(old.ID, 0, 4)
	})
	inBubble(t, "brings back nothing that has ended", func(t *testing.T) {
		n := newNode(t, near.Options{})
		here, there := n.elsewhere(), n.elsewhere()
		n.reads(here.ID, 1, 1)
		n.endElsewhere(there.ID)
		if _, err := n.Delete(context.Background(), here.ID); err != nil {
			t.Fatal(err)
		}
		lag(n, here, nil, 100)
		n.beats(time.Minute)
		n.reads(here.ID, 0, 0)
		n.reads(there.ID, 0, 0)
	})
}

func TestUnknownIDs(t *testing.T) {
	inBubble(t, "cost one load", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := session("ada")
		n.reads(r.ID, 0, 1)
		n.beats(time.Minute)
		n.reads(r.ID, 0, 0)
		n.must(n.inner.far.Create(context.Background(), r, store.ID{}))
		n.reads(r.ID, 1, 1)
		mine := session("ada")
		n.reads(mine.ID, 0, 1)
		n.must(n.Create(context.Background(), mine, store.ID{}))
		n.reads(mine.ID, 1, 0)
	})
	inBubble(t, "push out no session", func(t *testing.T) {
		n := newNode(t, near.Options{MaxBytes: 1 << 20})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		for range 2 * 1 << 15 {
			_, _ = n.Load(context.Background(), store.NewID())
		}
		n.reads(r.ID, 1, 0)
	})
}

func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const room = 1 << 20
		n := newNode(t, near.Options{MaxBytes: room})
		for range 10_000 {
			n.must(n.Create(context.Background(), session("ada"), store.ID{}))
		}
		synctest.Wait()
		s := n.Stats()
		if s.Bytes > room*11/10 || s.Entries < 1000 || s.Entries > 4000 || s.Evictions < 6000 {
			t.Errorf("after 10,000 sessions in 1 MiB: %+v", s)
		}
	})
}

// What one reader has been told, the next one is told as well, also while this node's own writes are on their way back.
func TestReadsNeverGoBack(t *testing.T) {
	inBubble(t, "a load sees what comes after a save that has not returned", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.inner.set(func(d *double) {
			d.hold = true
			d.write = func(_ store.NoticeKind, call func() error) error {
				n.inner.set(func(d *double) { d.write = nil })
				err := call()
				next := r
				next.Version = 2
				n.saveElsewhere(next)
				if err := n.Save(context.Background(), r); !errors.Is(err, store.ErrConflict) {
					t.Errorf("got %v, want ErrConflict", err)
				}
				n.reads(r.ID, 3, 1)
				return err
			}
		})
		n.must(n.Save(context.Background(), r))
		n.reads(r.ID, 3, 1)
	})
	inBubble(t, "a load sees what comes after a creation that has not returned", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := session("ada")
		n.inner.set(func(d *double) {
			d.hold = true
			d.write = func(_ store.NoticeKind, call func() error) error {
				err := call()
				n.endElsewhere(r.ID)
				n.reads(r.ID, 0, 1)
				return err
			}
		})
		n.must(n.Create(context.Background(), r, store.ID{}))
		n.reads(r.ID, 0, 1)
	})
	inBubble(t, "a load that outlasts a save sees what comes after it", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.inner.set(func(d *double) {
			d.hold = true
			d.before = func(store.ID) {
				n.inner.set(func(d *double) { d.before = nil })
				n.must(n.Save(context.Background(), r))
				next := r
				next.Version = 2
				n.saveElsewhere(next)
			}
		})
		n.reads(r.ID, 3, 1)
		n.reads(r.ID, 3, 1)
	})
}

// A glance leaves nothing near that was not there before: who comes from another node reads what they have just
// changed.
func TestGlance(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		glance := func(loads int64) {
			t.Helper()
			before := n.inner.loads.Load()
			if _, err := n.Load(store.Glance(context.Background()), r.ID); err != nil {
				t.Error(err)
			}
			if got := n.inner.loads.Load() - before; got != loads {
				t.Errorf("the store was asked %d times for a glance, want %d", got, loads)
			}
		}
		glance(1)
		n.inner.set(func(d *double) { d.hold = true }) // the notice of what follows is on its way
		r = n.saveElsewhere(r)
		n.reads(r.ID, 2, 1)
		glance(0) // at what is near
		n.inner.arrive(1)
		n.inner.set(func(d *double) { d.hold = false })
		n.saveElsewhere(r)
		glance(1) // in the place of what was near
		n.reads(r.ID, 3, 0)
	})
}
