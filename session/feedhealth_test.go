package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A farFeed is a feed that crosses a network, as far as a manager can tell. What another node does is done to the store
// inside, of which this one is told nothing but by the test.
type farFeed struct {
	*faultStore
	tell func(store.Notice)
}

func newFarFeed() *farFeed { return &farFeed{faultStore: newFaultStore()} }

func (w *farFeed) Subscribe(tell func(store.Notice)) (stop func()) {
	w.tell = tell
	w.lost()
	return func() {}
}

func (w *farFeed) lost() { w.tell(store.Notice{Kind: store.Lost}) }
func (w *farFeed) beat() { w.tell(store.Notice{Kind: store.Beat, At: time.Now()}) }

// beatFor has the feed be whole for some time.
func (w *farFeed) beatFor(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
		w.beat()
	}
}

// endAll sets the switch of everybody on another node.
func (w *farFeed) endAll(t *testing.T) {
	t.Helper()
	if err := w.inner.SetNotBefore(t.Context(), "", time.Now()); err != nil {
		t.Fatal(err)
	}
}

// A feed is believed as long as it proves that it is whole. A switch that it fails to tell of holds here as soon as the
// feed is whole again, and within seconds if it is lost, with or without a word.
//
// Rows: R3, I1, A12
func TestCutoffsHoldWhenTheFeedBreaks(t *testing.T) {
	const silence = 6 * time.Second // a beat, and as long as it is believed
	for _, c := range []struct {
		name string
		then func(t *testing.T, w *farFeed, b *browser)
	}{
		{"it says so", func(t *testing.T, w *farFeed, _ *browser) { w.endAll(t); w.lost(); time.Sleep(silence) }},
		{"it dies in silence", func(t *testing.T, w *farFeed, _ *browser) { w.endAll(t); time.Sleep(silence) }},
		{"it was lost meanwhile", func(t *testing.T, w *farFeed, b *browser) {
			w.lost()
			b.user()
			w.endAll(t)
			w.beat()
		}},
		{"it is not up yet", func(t *testing.T, w *farFeed, _ *browser) {
			w.lost()
			time.Sleep(silence)
			w.endAll(t)
			time.Sleep(silence)
		}},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			w := newFarFeed()
			b := newBrowser(t, newManager(t, w, asleep(session.Options{})))
			w.beat()
			b.signIn("ada")
			w.beatFor(10 * time.Second)
			if b.user() != "ada" {
				t.Fatal("not signed in to begin with")
			}
			c.then(t, w, b)
			if b.user() != "" {
				t.Error("a switch that the feed did not tell of does not hold")
			}
		})
	}
}

// A feed that beats spares everybody from asking the store for switches again and again, and a feed that does not, no
// one.
//
// Rows: I10
func TestBeatsSpareTheStore(t *testing.T) {
	for _, whole := range []bool{true, false} {
		name := "silent"
		if whole {
			name = "whole"
		}
		inBubble(t, name, func(t *testing.T) {
			w := newFarFeed()
			b := newBrowser(t, newManager(t, w, asleep(session.Options{})))
			w.beat()
			b.signIn("ada")
			b.user()
			before := w.count("NotBefore")
			for range 60 {
				if whole {
					w.beat()
				}
				b.user()
				time.Sleep(time.Second)
			}
			asked := w.count("NotBefore") - before
			if whole && asked != 0 || !whole && (asked < 10 || asked > 13) {
				t.Errorf("the store was asked for switches %d times in a minute", asked)
			}
		})
	}
}

// Long connections end with their session although the feed has died in silence.
//
// Rows: A42, R3
func TestDoneClosesAfterTheFeedDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFarFeed()
		b := newBrowser(t, newManager(t, w, asleep(session.Options{})))
		w.beat()
		handle := b.signIn("ada")
		s := openStream(t, b)
		w.beatFor(10 * time.Second)
		loads := w.count("Load")
		w.beatFor(40 * time.Second)
		if n := w.count("Load") - loads; n > 1 {
			t.Errorf("a session whose feed is whole was loaded %d times in 40 seconds", n)
		}
		if found, err := w.inner.Delete(t.Context(), handle); !found || err != nil { // on another node
			t.Fatal(found, err)
		}
		time.Sleep(11 * time.Second)
		if !s.over() {
			t.Error("the stream goes on 11 seconds after the end, of which the feed said nothing")
		}
		s.hangUp()
	})
}
