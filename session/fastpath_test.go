package session_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
)

// An atHand store answers every Peek from what it has, as a cache does, even if the time of a record is over. Its feed
// crosses a network, and its loads can fail.
type atHand struct{ *farFeed }

func newAtHand() atHand { return atHand{newFarFeed()} }

var _ store.Peeker = atHand{}

// Peek does not look at the time.
func (s atHand) Peek(id store.ID, _ time.Time) (store.Encoded, bool) {
	r, err := s.inner.Load(context.Background(), id)
	if err != nil {
		return store.Encoded{}, true
	}
	seen := r.LastSeen.UnixMicro() - r.CreatedAt.UnixMicro()
	return store.Encoded{ID: id, Version: r.Version, Seen: seen, Body: string(r.AppendBody(nil))}, true
}

// Invalidate has nothing to do: the copy is the record.
func (s atHand) Invalidate(store.ID, uint64) {}

// Recall implements store.Peeker.
func (s atHand) Recall(store.ID, time.Time) (store.Encoded, bool) { return store.Encoded{}, false }

// An answer at hand is good until the end of its session, whatever the store still has.
//
// Rows: R7, I11
func TestAnswerAtHandEndsWithItsSession(t *testing.T) {
	for _, c := range []struct {
		name string
		o    session.Options
		end  time.Duration
	}{
		{"idle", session.Options{IdleTimeout: 10*time.Minute + 7*time.Second}, 10*time.Minute + 7*time.Second},
		{"absolute", session.Options{IdleTimeout: time.Hour, Lifetime: 11*time.Minute + 7*time.Second},
			11*time.Minute + 7*time.Second},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			c.o.RotateEvery = -1
			c.o.Passive = func(*http.Request) bool { return true }
			st := newAtHand()
			b := newBrowser(t, newManager(t, st, asleep(c.o)))
			st.beat()
			b.signIn("ada")
			time.Sleep(c.end - time.Microsecond)
			st.beat()
			if b.user() != "ada" {
				t.Error("signed out before the end")
			}
			time.Sleep(time.Microsecond)
			if b.user() != "" {
				t.Error("signed in after the end")
			}
		})
	}
}

// Values that cannot be read behind a good front are none, and reported.
//
// Rows: I13
func TestDamagedValuesBehindAGoodFront(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events recorder
		st := cutShort{newAtHand()}
		m := newManager(t, st, asleep(session.Options{Events: event.NewQueue(events.observe)}))
		b := newBrowser(t, m)
		st.beat()
		set(b, note, "x")
		if _, err := m.List(t.Context(), "nobody"); err != nil { // the cut-offs are known now
			t.Fatal(err)
		}
		b.with(func(s *session.Session) {
			for key := range s.Values() {
				t.Errorf("there is a value of %s", key)
			}
		})
		if n := len(events.of(t, m, event.StoreError)); n != 1 {
			t.Errorf("%d errors, events %s", n, events.kinds())
		}
	})
}

// cutShort loses the end of every record.
type cutShort struct{ atHand }

func (s cutShort) Peek(id store.ID, now time.Time) (store.Encoded, bool) {
	e, known := s.atHand.Peek(id, now)
	e.Body = e.Body[:max(0, len(e.Body)-2)]
	return e, known
}

// An answer at hand is no answer as long as nobody knows the cut-offs: not at the start, and not after a feed was lost.
//
// Rows: R3, A12, I1
func TestAnswerAtHandWaitsForTheCutoffs(t *testing.T) {
	inBubble(t, "at the start", func(t *testing.T) {
		st := memory.New()
		b := newBrowser(t, newManager(t, st, asleep(session.Options{})))
		b.signIn("ada")
		if err := st.SetNotBefore(t.Context(), "ada", time.Now()); err != nil {
			t.Fatal(err)
		}
		again := newBrowser(t, newManager(t, st, asleep(session.Options{})))
		again.setTicket(b.ticket())
		for range 2 {
			if again.user() != "" {
				t.Error("a request after a restart knows of no cut-off")
			}
		}
	})
	inBubble(t, "without a feed", func(t *testing.T) {
		inner := memory.New()
		st := struct {
			store.Store
			store.Peeker
		}{inner, inner}
		b := newBrowser(t, newManager(t, st, asleep(session.Options{})))
		b.signIn("ada")
		b.user()
		if err := inner.SetNotBefore(t.Context(), "", time.Now()); err != nil { // on another node
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		for range 2 {
			if b.user() != "" {
				t.Error("a cut-off of another node does not hold after 5 seconds")
			}
		}
	})
}

// When the feed is lost, cut-offs count as known from its last beat on, and for no longer than it is believed: until
// then a store that has gone with its feed is not asked.
//
// Rows: R3, R8, I1
func TestLostFeedDatesTheCutoffs(t *testing.T) {
	inBubble(t, "across a network", func(t *testing.T) {
		st := newAtHand()
		b := newBrowser(t, newManager(t, st, asleep(session.Options{})))
		st.beat()
		b.signIn("ada")
		b.user() // which needs the cut-offs
		st.beatFor(time.Minute)
		st.beat()
		st.down("NotBefore", "Load")
		time.Sleep(time.Second)
		st.lost()
		time.Sleep(4*time.Second - time.Nanosecond)
		if a := b.with(nothing); a.status != http.StatusOK || b.user() != "ada" {
			t.Errorf("before the last beat is 5 seconds old: %s", describe(a))
		}
		time.Sleep(time.Nanosecond)
		if a := b.with(nothing); a.status != http.StatusServiceUnavailable {
			t.Errorf("when the last beat is 5 seconds old: %s", describe(a))
		}
	})
	inBubble(t, "within the process", func(t *testing.T) {
		st := newFaultStore()
		b := newBrowser(t, newManager(t, st, asleep(session.Options{})))
		b.signIn("ada")
		b.user()
		asked := st.count("NotBefore")
		st.inner.Publish(store.Notice{Kind: store.Lost})
		if b.user() != "ada" || st.count("NotBefore") == asked {
			t.Error("a feed that never beat vouches for the cut-offs after it was lost")
		}
	})
}

// A look at the cut-offs that began before the feed was found again is good for those who waited for it, but not for
// those who come later: it may be older than what the feed failed to tell.
//
// Rows: R3, I1
func TestLookAtCutoffsIsNotSharedAcrossAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &slowCutoffs{farFeed: newFarFeed()}
		m := newManager(t, st, asleep(session.Options{}))
		b := newBrowser(t, m)
		st.beat()
		b.signIn("ada")
		b.user()
		st.lost()
		time.Sleep(10 * time.Second)
		looked, release := make(chan struct{}), make(chan struct{})
		st.after = func() { close(looked); <-release }
		first := make(chan string)
		go func() { first <- b.copied().user() }()
		<-looked
		st.after = nil
		st.endAll(t)
		st.beat()
		close(release)
		<-first
		if b.user() != "" {
			t.Error("a look from before the feed was found again is believed after it")
		}
	})
}

// slowCutoffs can hold an answer with cut-offs.
type slowCutoffs struct {
	*farFeed
	after func()
}

func (s *slowCutoffs) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	all, err := s.farFeed.NotBefore(ctx)
	if after := s.after; after != nil {
		after()
	}
	return all, err
}

// A staleCopy is a store that goes on answering with an old copy of one record until it is told that this is wrong.
type staleCopy struct {
	atHand
	copied store.Encoded
}

func (s *staleCopy) Peek(id store.ID, now time.Time) (store.Encoded, bool) {
	if id == s.copied.ID {
		return s.copied, true
	}
	return s.atHand.Peek(id, now)
}

func (s *staleCopy) Invalidate(id store.ID, version uint64) {
	if id == s.copied.ID && version >= s.copied.Version {
		s.copied = store.Encoded{}
	}
}

// A browser that another node has just given a new secret is no forger to a copy from before that.
//
// Rows: R5, I4
func TestRotationElsewhereOutdatesACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &staleCopy{atHand: newAtHand()}
		o := rotating(session.Options{})
		here, there := newManager(t, st, o), newManager(t, st.inner, o)
		b := newBrowser(t, there)
		handle := b.signIn("ada")
		time.Sleep(time.Hour)
		st.copied, _ = st.atHand.Peek(handle, time.Now())
		first := b.ticket()
		if b.user(); b.ticket() == first {
			t.Fatal("not rotated, so nothing is tested")
		}
		b.user() // shows the new secret
		elsewhere := newBrowser(t, here)
		elsewhere.setTicket(b.ticket())
		st.beat()
		elsewhere.user() // the cut-offs are known now
		if got := elsewhere.user(); got != "ada" {
			t.Errorf("user %q", got)
		}
	})
}

// A lateAnswer is a store whose first answer to Load is long on its way.
type lateAnswer struct {
	store.Store
	once       sync.Once
	asked, let chan struct{}
}

func (s *lateAnswer) Load(ctx context.Context, id store.ID) (store.Record, error) {
	r, err := s.Store.Load(ctx, id)
	s.once.Do(func() {
		close(s.asked)
		<-s.let
	})
	return r, err
}

// It is no forger either to an answer that a tab with the old secret was waiting for, and that came to be kept.
//
// Rows: R5, I4
func TestRotationElsewhereOutdatesALateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		o := rotating(session.Options{})
		there := newManager(t, st, o)
		b := newBrowser(t, there)
		b.signIn("ada")
		time.Sleep(time.Hour)
		late := &lateAnswer{Store: st.inner, asked: make(chan struct{}), let: make(chan struct{})}
		n := near.New(late, near.Options{})
		t.Cleanup(n.Close)
		here := newManager(t, n, o)
		newBrowser(t, here).user()
		old, fresh := newBrowser(t, here), newBrowser(t, here)
		old.setTicket(b.ticket())
		go old.user()
		<-late.asked
		if first := b.ticket(); b.user() != "ada" || b.ticket() == first {
			t.Fatal("not rotated, so nothing is tested")
		}
		fresh.setTicket(b.ticket())
		user := make(chan string)
		go func() { user <- fresh.user() }()
		synctest.Wait()
		close(late.let)
		if got := <-user; got != "ada" {
			t.Errorf("user %q", got)
		}
	})
}
