package near_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
)

const lease = 5 * time.Second // the default with a feed

func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// A record that is over by this machine's clock and not by the server's is served from memory as before. One that is
// over by the server's is asked for, because it may have been used on another node.
func TestRecordsAreOverByTheServersClock(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		d := newDouble()
		n := newNodeOver(t, d, near.Options{})
		beat := func(server time.Time) { d.relay(store.NewBeat(time.Now(), server, time.Now())) }
		r := n.elsewhere()
		beat(time.Now().Add(2 * time.Hour))
		if skew := n.Stats().ClockSkew; skew != -2*time.Hour {
			t.Errorf("the skew is %v", skew)
		}
		beat(r.Ends().Add(-time.Second))
		n.reads(r.ID, 1, 1)
		n.reads(r.ID, 1, 0)
		beat(r.Ends())
		n.reads(r.ID, 1, 1)
		time.Sleep(time.Until(r.Ends()) + time.Hour)
		beat(r.Ends().Add(-time.Second))
		n.reads(r.ID, 1, 1) // its lease is over
		n.reads(r.ID, 1, 0)
	})
}

func TestLease(t *testing.T) {
	inBubble(t, "one read that finds a lease over counts once, peek and load together", func(t *testing.T) {
		d := newDouble()
		n := &node{t, near.New(struct{ store.Store }{d}, near.Options{}), d}
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		time.Sleep(time.Second + time.Nanosecond)
		if _, known := n.Peek(r.ID, time.Now()); known {
			t.Error("served after its lease")
		}
		n.reads(r.ID, 1, 1)
		if s := n.Stats(); s.Refused != 1 || s.Loads != 2 {
			t.Errorf("%d refused, %d loads; want 1 and 2", s.Refused, s.Loads)
		}
	})
	inBubble(t, "a whole feed makes it longer for ever", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.beats(10 * time.Minute)
		n.reads(r.ID, 1, 0)
		n.endElsewhere(r.ID)
		n.reads(r.ID, 0, 0)
	})
	inBubble(t, "a feed that dies in silence is believed until its last beat is a lease old", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.beats(10 * time.Second)
		n.inner.set(func(d *double) { d.cut = true })
		n.endElsewhere(r.ID)
		time.Sleep(lease)
		n.reads(r.ID, 1, 0)
		time.Sleep(time.Nanosecond)
		n.reads(r.ID, 0, 1)
	})
	inBubble(t, "while the feed is silent a load begins a lease of its own", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.inner.set(func(d *double) { d.cut = true })
		time.Sleep(time.Minute)
		n.reads(r.ID, 1, 1)
		n.endElsewhere(r.ID)
		time.Sleep(lease)
		n.reads(r.ID, 1, 0)
		time.Sleep(time.Nanosecond)
		n.reads(r.ID, 0, 1)
	})
	inBubble(t, "a lease counts from before the load", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.inner.set(func(d *double) {
			d.cut = true
			d.after = func(_ store.ID, r store.Record, err error) (store.Record, error) {
				time.Sleep(lease - time.Second)
				return r, err
			}
		})
		time.Sleep(time.Minute)
		n.reads(r.ID, 1, 1)
		time.Sleep(time.Second)
		n.reads(r.ID, 1, 0)
		time.Sleep(time.Nanosecond)
		n.reads(r.ID, 1, 1)
	})
	inBubble(t, "a beat vouches for its moment and not for that of its arrival", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		sent := time.Now()
		time.Sleep(3 * time.Second)
		n.inner.relay(store.Notice{Kind: store.Beat, At: sent})
		time.Sleep(2 * time.Second)
		n.reads(r.ID, 1, 0)
		time.Sleep(time.Nanosecond)
		n.reads(r.ID, 1, 1)
	})
	inBubble(t, "a beat from the future vouches for now", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.inner.relay(store.Notice{Kind: store.Beat, At: time.Now().Add(time.Hour).Round(0)})
		time.Sleep(lease + time.Nanosecond)
		n.reads(r.ID, 1, 1)
	})
	inBubble(t, "an older beat takes nothing back", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		old := time.Now()
		n.beats(4 * time.Second)
		n.inner.relay(store.Notice{Kind: store.Beat, At: old})
		time.Sleep(lease)
		n.reads(r.ID, 1, 0)
	})
	inBubble(t, "without a feed it is a second", func(t *testing.T) {
		far := memory.New()
		d := &double{Store: far, far: far}
		n := &node{t, near.New(struct{ store.Store }{d}, near.Options{}), d}
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.endElsewhere(r.ID)
		time.Sleep(time.Second)
		n.reads(r.ID, 1, 0)
		time.Sleep(time.Nanosecond)
		n.reads(r.ID, 0, 1)
		n.reads(r.ID, 0, 0)
		time.Sleep(time.Second + time.Nanosecond)
		n.reads(r.ID, 0, 1)
	})
	inBubble(t, "a feed within the process needs none", func(t *testing.T) {
		far := memory.New()
		d := &double{Store: far, far: far}
		n := &node{t, near.New(struct {
			store.Store
			store.Feed
		}{d, far}, near.Options{MaxAge: time.Hour}), d}
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		time.Sleep(59 * time.Minute)
		n.reads(r.ID, 1, 0)
		n.endElsewhere(r.ID)
		n.reads(r.ID, 0, 0)
	})
}

func TestLost(t *testing.T) {
	inBubble(t, "what is kept is served to the end of its lease, and nothing new is kept", func(t *testing.T) {
		n := newNode(t, near.Options{})
		kept, other := n.elsewhere(), n.elsewhere()
		n.reads(kept.ID, 1, 1)
		n.beats(10 * time.Second)
		n.inner.lose()
		n.inner.set(func(d *double) { d.cut = true })
		n.endElsewhere(kept.ID)
		n.reads(other.ID, 1, 1)
		n.reads(other.ID, 1, 1)
		time.Sleep(lease)
		n.reads(kept.ID, 1, 0)
		time.Sleep(time.Nanosecond)
		n.reads(kept.ID, 0, 1)
		n.reads(kept.ID, 0, 1)
	})
	inBubble(t, "the first beat after it begins anew", func(t *testing.T) {
		n := newNode(t, near.Options{})
		ended, saved, unknown := n.elsewhere(), n.elsewhere(), store.NewID()
		n.reads(ended.ID, 1, 1)
		n.reads(saved.ID, 1, 1)
		n.reads(unknown, 0, 1)
		n.inner.lose()
		n.inner.set(func(d *double) { d.cut = true })
		n.endElsewhere(ended.ID)
		n.saveElsewhere(saved)
		n.inner.set(func(d *double) { d.cut = false })
		n.inner.beat()
		n.reads(ended.ID, 0, 1)
		n.reads(saved.ID, 2, 1)
		n.reads(unknown, 0, 1)
		n.beats(time.Minute)
		n.reads(ended.ID, 0, 0)
		n.reads(saved.ID, 2, 0)
		n.reads(unknown, 0, 0)
	})
	inBubble(t, "what was loaded over the gap is not kept", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.inner.set(func(d *double) {
			d.after = func(id store.ID, r store.Record, err error) (store.Record, error) {
				n.inner.set(func(d *double) { d.after = nil })
				n.inner.lose()
				n.inner.beat()
				return r, err
			}
		})
		n.reads(r.ID, 1, 1)
		n.reads(r.ID, 1, 1)
		n.reads(r.ID, 1, 0)
	})
	inBubble(t, "a feed that is not up at first is not believed before its first beat", func(t *testing.T) {
		d := newDouble()
		d.lose()
		n := newNodeOver(t, d, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.reads(r.ID, 1, 1)
		d.beat()
		n.reads(r.ID, 1, 1)
		n.reads(r.ID, 1, 0)
	})
	inBubble(t, "own writes are not kept meanwhile, and read nevertheless", func(t *testing.T) {
		n := newNode(t, near.Options{})
		n.inner.lose()
		r := n.here()
		n.reads(r.ID, 1, 1)
		if err := n.Save(context.Background(), r); err != nil {
			t.Fatal(err)
		}
		n.reads(r.ID, 2, 1)
		n.reads(r.ID, 2, 1)
		if _, err := n.Delete(context.Background(), r.ID); err != nil {
			t.Fatal(err)
		}
		n.reads(r.ID, 0, 1)
	})
}

// No feed tells of touches, so the time last seen that is kept may be old: a session that seems to be over may not be.
func TestTouchesOfOtherNodes(t *testing.T) {
	inBubble(t, "idle", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		n.beats(r.IdleTimeout - time.Second)
		n.reads(r.ID, 1, 0)
		seen := time.Now()
		if err := n.inner.far.Touch(context.Background(), []store.Seen{{ID: r.ID, At: seen}}); err != nil {
			t.Fatal(err)
		}
		n.beats(time.Second)
		n.reads(r.ID, 1, 1)
		got, err := n.Load(context.Background(), r.ID)
		if err != nil || !got.LastSeen.Equal(seen) {
			t.Errorf("last seen %v, %v; want %v", got.LastSeen, err, seen)
		}
		n.reads(r.ID, 1, 0)
	})
}

func TestClose(t *testing.T) {
	inBubble(t, "with a feed", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		heard := make(chan store.NoticeKind, 10)
		defer n.Store.(store.Feed).Subscribe(func(n store.Notice) { heard <- n.Kind })()
		n.Store.Close()
		n.Store.Close()
		for _, want := range []store.NoticeKind{store.Beat, store.Lost} {
			if got := <-heard; got != want {
				t.Errorf("heard %v, want %v", got, want)
			}
		}
		n.inner.beat()
		n.endElsewhere(r.ID)
		time.Sleep(lease)
		n.reads(r.ID, 1, 0)
		time.Sleep(time.Nanosecond)
		n.reads(r.ID, 0, 1)
		if len(heard) != 0 {
			t.Errorf("heard %v of a closed store", <-heard)
		}
	})
}

func TestPowers(t *testing.T) {
	m := memory.New()
	for _, c := range []struct {
		name  string
		inner store.Store
		feed  bool
	}{
		{"all", m, true},
		{"feed", struct {
			store.Store
			store.Feed
		}{m, m}, true},
		{"none", struct{ store.Store }{m}, false},
	} {
		st := near.New(c.inner, near.Options{})
		_, feed := st.(store.Feed)
		if feed != c.feed {
			t.Errorf("%s: a feed %v; want %v", c.name, feed, c.feed)
		}
		at := time.UnixMicro(time.Now().UnixMicro()).UTC()
		if err := st.SetNotBefore(t.Context(), c.name, at); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if all, err := st.NotBefore(t.Context()); err != nil || !all[c.name].Equal(at) {
			t.Errorf("%s: cutoffs %v, %v", c.name, all, err)
		}
		if _, ok := st.(store.Peeker); !ok {
			t.Errorf("%s: no Peeker", c.name)
		}
		st.Close()
	}
}

func TestSubscribe(t *testing.T) {
	inBubble(t, "whoever comes later is told how the feed stands", func(t *testing.T) {
		n := newNode(t, near.Options{})
		at := time.Now()
		time.Sleep(time.Second)
		first := func() (got store.Notice) {
			n.Store.(store.Feed).Subscribe(func(n store.Notice) { got = n })()
			return got
		}
		if got := first(); got.Kind != store.Beat || !got.At.Equal(at) {
			t.Errorf("while it is whole: heard %+v, want a beat of %v", got, at)
		}
		n.inner.lose()
		if got := first(); got.Kind != store.Lost {
			t.Errorf("while it is lost: heard %+v", got)
		}
	})
	inBubble(t, "what is told is in force", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		heard := 0
		defer n.Store.(store.Feed).Subscribe(func(notice store.Notice) {
			if notice.Kind == store.Beat {
				return
			}
			heard++
			if s, known := n.Peek(r.ID, time.Now()); known && !s.ID.IsZero() {
				t.Errorf("notice %d was passed on while version %d is served", notice.Kind, s.Version)
			}
		})()
		r = n.saveElsewhere(r)
		n.endElsewhere(r.ID)
		if heard != 2 {
			t.Errorf("heard %d notices, want 2", heard)
		}
	})
}

func TestErrorsAreNotKept(t *testing.T) {
	inBubble(t, "unknown is not absent", func(t *testing.T) {
		n := newNode(t, near.Options{})
		r := n.elsewhere()
		down := errors.New("down")
		n.inner.set(func(d *double) {
			d.after = func(store.ID, store.Record, error) (store.Record, error) { return store.Record{}, down }
		})
		if _, err := n.Load(context.Background(), r.ID); err != down {
			t.Errorf("got %v, want %v", err, down)
		}
		n.inner.set(func(d *double) { d.after = nil })
		n.reads(r.ID, 1, 1)
	})
}

// A record that was removed behind the feed's back is served until it is so old, and an ID without a record costs no
// second load, however old that is.
//
// Rows: I1
func TestMaxAge(t *testing.T) {
	inBubble(t, "by default", func(t *testing.T) {
		d := newDouble()
		n := &node{t, near.New(d, near.Options{}), d}
		t.Cleanup(n.Store.Close)
		n.inner.beat()
		vanished, absent := n.elsewhere(), store.NewID()
		n.reads(vanished.ID, 1, 1)
		n.reads(absent, 0, 1)
		n.inner.set(func(d *double) { d.cut = true })
		if _, err := n.inner.far.Delete(t.Context(), vanished.ID); err != nil {
			t.Fatal(err)
		}
		n.inner.set(func(d *double) { d.cut = false })
		n.beats(10 * time.Second)
		n.reads(vanished.ID, 1, 0)
		time.Sleep(time.Nanosecond)
		n.reads(vanished.ID, 0, 1)
		n.reads(absent, 0, 0)
	})
	inBubble(t, "over a feed within the process", func(t *testing.T) { // that of a file, into which others write, too
		inner := memory.New()
		n := &node{t, near.New(inner, near.Options{}), newDouble()}
		t.Cleanup(n.Store.Close)
		r := session("ada")
		n.must(n.Create(t.Context(), r, store.ID{}))
		for _, after := range []time.Duration{10 * time.Second, time.Nanosecond} {
			time.Sleep(after)
			if _, known := n.Peek(r.ID, time.Now()); known != (after > time.Second) {
				t.Errorf("after %v more: known %v", after, known)
			}
		}
	})
	inBubble(t, "no shorter than the lease", func(t *testing.T) {
		n := newNode(t, near.Options{Lease: 5 * time.Second, MaxAge: time.Second})
		r := n.elsewhere()
		n.reads(r.ID, 1, 1)
		time.Sleep(5 * time.Second)
		n.reads(r.ID, 1, 0)
	})
}
