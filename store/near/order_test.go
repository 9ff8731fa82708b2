package near_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
)

// What a reader has been told is told to the next one, whatever comes late.
func TestNewerAnswersStay(t *testing.T) {
	inBubble(t, "an answer that may not be kept still outdates the entry", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.inner.set(func(d *double) { d.hold = true })
		time.Sleep(lease - time.Second)
		n.inner.beat() // arrives after the next read
		time.Sleep(time.Second + time.Nanosecond)
		n.saveElsewhere(r) // its notice comes after the beat
		n.during(func(r store.Record) {
			n.must(n.Touch(context.Background(), []store.Seen{{ID: r.ID, At: r.LastSeen}}))
		})
		n.reads(r.ID, 2, 1)
		n.inner.arrive(1)
		n.reads(r.ID, 2, 1)
	})
	inBubble(t, "loads of other sessions do not disturb one that is overtaken", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		other := session("alan")
		other.ID[0] = r.ID[0] // they share a lock
		n.must(n.inner.far.Create(context.Background(), other, store.ID{}))
		n.during(func(r store.Record) {
			n.reads(other.ID, 1, 1)
			n.saveElsewhere(r)
		})
		if _, err := n.Load(context.Background(), r.ID); err != nil {
			t.Error(err)
		}
		n.reads(r.ID, 2, 1)
	})
}

// A store that has failed over may know less than its feed told before; what it says now is kept.
func TestOlderAnswersOfAnotherGenerationAreKept(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		n := newNode(t, near.Options{})
		old := n.elsewhere()
		n.must(n.inner.far.Save(context.Background(), old))
		n.reads(old.ID, 2, 1)
		n.inner.lose()
		n.inner.beat()
		n.inner.set(func(d *double) {
			d.after = func(store.ID, store.Record, error) (store.Record, error) { return old, nil }
		})
		n.reads(old.ID, 1, 1)
		n.reads(old.ID, 1, 0)
	})
}

// Notices that come late, of versions before the one that is being saved, cost no load.
func TestLateNoticesOfEarlierSaves(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.inner.set(func(d *double) { d.hold = true })
		n.saveElsewhere(r)
		if err := n.Save(context.Background(), r); !errors.Is(err, store.ErrConflict) {
			t.Fatalf("got %v, want ErrConflict", err)
		}
		n.reads(r.ID, 2, 1)
		n.inner.set(func(d *double) {
			d.write = func(_ store.NoticeKind, call func() error) error {
				err := call()
				n.inner.arrive(2) // that of version 2, and then its own
				return err
			}
		})
		r.Version = 2
		n.must(n.Save(context.Background(), r))
		n.reads(r.ID, 3, 0)
	})
}

// A record that is back although this node has just ended it is no unknown one.
func TestRecordThatIsBackIsFound(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(n *node, r store.Record) error
	}{
		{"after it was replaced", func(n *node, r store.Record) error {
			next := session("ada")
			next.Version = r.Version
			return n.Create(context.Background(), next, r.ID)
		}},
		{"after it was deleted", func(n *node, r store.Record) error {
			_, err := n.Delete(context.Background(), r.ID)
			return err
		}},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			n := newNode(t, near.Options{})
			r := n.elsewhere()
			n.inner.set(func(d *double) {
				d.write = func(_ store.NoticeKind, call func() error) error {
					err := call()
					back := r
					back.Version = 0
					if e := n.inner.far.Create(context.Background(), back, store.ID{}); e != nil {
						t.Error(e)
					}
					return err
				}
			})
			n.must(c.end(n, r))
			n.reads(r.ID, 1, 1)
		})
	}
}

// A store need not take every field from a save, so that what it has now is asked for.
func TestSaveWithOtherFieldsIsLoadedAnew(t *testing.T) {
	for name, change := range map[string]func(*store.Record){
		"user":  func(r *store.Record) { r.User = "alan" },
		"start": func(r *store.Record) { r.CreatedAt = r.CreatedAt.Add(time.Second) },
	} {
		inBubble(t, name, func(t *testing.T) {
			n := newNode(t, near.Options{})
			r := n.elsewhere()
			n.reads(r.ID, 1, 1)
			change(&r)
			n.must(n.Save(context.Background(), r))
			n.reads(r.ID, 2, 1)
		})
	}
}

// A store that fails is asked once, and one that lags after pauses that grow: at once, after 5 ms, 10, 20 and 40.
func TestPausesBeforeAskingAgain(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		loads int64
		took  time.Duration
	}{
		{"it fails", errors.New("no connection"), 1, 0},
		{"it lags", nil, 6, 75 * time.Millisecond},
		{"it has none", store.ErrNotFound, 4, 15 * time.Millisecond},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			n := newNode(t, near.Options{})
			old := n.elsewhere()
			n.reads(old.ID, 1, 1)
			n.saveElsewhere(old)
			n.inner.set(func(d *double) {
				d.after = func(store.ID, store.Record, error) (store.Record, error) {
					if c.err != nil {
						return store.Record{}, c.err
					}
					return old, nil
				}
			})
			before, began := n.inner.loads.Load(), time.Now()
			if _, err := n.Load(context.Background(), old.ID); err == nil {
				t.Error("an answer that nobody can believe is believed")
			}
			if got := n.inner.loads.Load() - before; got != c.loads || time.Since(began) != c.took {
				t.Errorf("%d loads in %v, want %d in %v", got, time.Since(began), c.loads, c.took)
			}
		})
	}
}

// Whoever goes away during such a pause has nobody asked for them.
func TestPauseEndsWithItsCaller(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		n := newNode(t, near.Options{})
		old := n.elsewhere()
		n.reads(old.ID, 1, 1)
		n.saveElsewhere(old)
		n.inner.set(func(d *double) {
			d.after = func(store.ID, store.Record, error) (store.Record, error) { return old, nil }
		})
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Millisecond)
		defer cancel()
		before := n.inner.loads.Load()
		if _, err := n.Load(ctx, old.ID); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if got := n.inner.loads.Load() - before; got != 2 {
			t.Errorf("%d loads, want 2", got)
		}
	})
}

// Statistics tell of a feed only where there is one, and of its age only after a beat.
func TestStatsOfTheFeed(t *testing.T) {
	inBubble(t, "none", func(t *testing.T) {
		d := newDouble()
		n := &node{t, near.New(struct{ store.Store }{d}, near.Options{}), d}
		time.Sleep(time.Minute)
		if s := n.Stats(); s.FeedUp || s.FeedLag != 0 {
			t.Errorf("got %+v", s)
		}
	})
	inBubble(t, "silent so far", func(t *testing.T) {
		n := newNodeOver(t, newDouble(), near.Options{})
		time.Sleep(time.Minute)
		if s := n.Stats(); s.FeedLag != 0 {
			t.Errorf("got %+v", s)
		}
	})
	inBubble(t, "beating", func(t *testing.T) {
		n := newNode(t, near.Options{})
		time.Sleep(3 * time.Second)
		if s := n.Stats(); !s.FeedUp || s.FeedLag != 3*time.Second {
			t.Errorf("got %+v", s)
		}
		n.inner.lose()
		if s := n.Stats(); s.FeedUp {
			t.Error("a lost feed counts as up")
		}
	})
}

// Every read counts once, by what answered it.
func TestStatsOfReads(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r, none := n.elsewhere(), store.NewID()
		n.reads(r.ID, 1, 1)
		n.reads(r.ID, 1, 0)
		n.reads(r.ID, 1, 0)
		n.reads(none, 0, 1)
		n.reads(none, 0, 0)
		if s := n.Stats(); s.Loads != 2 || s.Hits != 2 || s.NegativeHits != 1 || s.LeaseHits != 0 || s.Refused != 0 {
			t.Errorf("got %+v", s)
		}
		n.inner.lose()
		n.reads(r.ID, 1, 0)
		n.reads(none, 0, 0)
		if s := n.Stats(); s.LeaseHits != 2 {
			t.Errorf("%d reads under a lease, want 2", s.LeaseHits)
		}
	})
}

// A lateFeed goes on telling after it was asked to stop, as a notice on its way does.
type lateFeed struct {
	*double
	tell func(store.Notice)
}

func (f *lateFeed) Subscribe(tell func(store.Notice)) (stop func()) {
	f.tell = tell
	return func() {}
}

// A beat that comes after Close brings no trust back.
func TestBeatAfterCloseIsPassedOver(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		f := &lateFeed{double: newDouble()}
		n := &node{t, near.New(f, near.Options{}), f.double}
		r := n.elsewhere()
		f.tell(store.Notice{Kind: store.Beat, At: time.Now()})
		n.Store.Close()
		f.tell(store.Notice{Kind: store.Beat, At: time.Now()})
		n.reads(r.ID, 1, 1)
		n.reads(r.ID, 1, 1)
	})
}
