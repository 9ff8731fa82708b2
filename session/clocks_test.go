package session_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A clockFeed tells the time of a server, by whose clock this machine is fast.
type clockFeed struct {
	*farFeed
	fast time.Duration
}

func newClockFeed(fast time.Duration) *clockFeed { return &clockFeed{newFarFeed(), fast} }

// now is the server's time.
func (c *clockFeed) now() time.Time { return time.Now().Round(0).Add(-c.fast) }

func (c *clockFeed) beat() { c.tell(store.NewBeat(time.Now(), c.now(), time.Now())) }

// beatFor has the server tell its time for a while.
func (c *clockFeed) beatFor(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
		c.beat()
	}
}

// inSkew runs a test on nodes whose clocks are off.
func inSkew(t *testing.T, o session.Options, test func(*testing.T, *session.Manager, *clockFeed, *recorder)) {
	for _, fast := range []time.Duration{0, 40 * time.Second, -40 * time.Second, 2 * time.Hour, -2 * time.Hour} {
		inBubble(t, fast.String(), func(t *testing.T) {
			events := new(recorder)
			o := o
			o.Events = event.NewQueue(events.observe)
			st := newClockFeed(fast)
			m := newManager(t, st, o)
			st.beat()
			test(t, m, st, events)
		})
	}
}

// What nodes compare is the server's time, whatever their own clocks show.
//
// Rows: I11
func TestTimesAreTheServers(t *testing.T) {
	inSkew(t, asleep(session.Options{IdleTimeout: 10 * time.Minute}),
		func(t *testing.T, m *session.Manager, st *clockFeed, _ *recorder) {
			b, began := newBrowser(t, m), st.now()
			id := b.signIn("ada", session.By("password"))
			r, _ := st.record(t, id)
			for what, got := range map[string]time.Time{
				"begun": r.CreatedAt, "seen": r.LastSeen, "proved": r.Auth[0].At,
				"over": r.ExpiresAt.Add(-24 * time.Hour),
			} {
				if got.Sub(began).Abs() > time.Second {
					t.Errorf("%s at %v, by the server's clock it was %v", what, got, began)
				}
			}
			if infos, err := m.List(t.Context(), "ada"); len(infos) != 1 || err != nil {
				t.Errorf("her sessions are %v, %v", infos, err)
			}
			a := b.visit(m.Remaining().ServeHTTP)
			if !strings.Contains(a.body, `"idle_seconds":600,"seconds":86400}`) {
				t.Errorf("what is left: %s", a.body)
			}
			recent := m.RequireRecent(time.Minute, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			if a := b.visit(recent.ServeHTTP); a.status != http.StatusOK {
				t.Errorf("a user who has just proved who they are: %d", a.status)
			}
			st.beatFor(5 * time.Minute)
			if b.user() != "ada" {
				t.Error("signed out before the time")
			}
			st.beatFor(5*time.Minute - time.Second)
			if b.copied().user() != "ada" {
				t.Error("signed out before the time")
			}
			st.beatFor(10*time.Minute + time.Second)
			if b.user() != "" {
				t.Error("a session goes on whose time is over")
			}
		})
}

// Streams end, records are swept and limits count by the server's time.
//
// Rows: I11, A42
func TestSessionsEndByTheServersTime(t *testing.T) {
	o := session.Options{IdleTimeout: 10 * time.Minute, SweepInterval: 10 * time.Second}
	inSkew(t, o, func(t *testing.T, m *session.Manager, st *clockFeed, _ *recorder) {
		b := newBrowser(t, m)
		id := b.signIn("ada")
		b.with(func(s *session.Session) {
			done := s.Done()
			st.beatFor(10*time.Minute - 2*time.Second)
			newBrowser(t, m).signIn("alan") // has a sweep come, after the end
			select {
			case <-done:
				t.Error("a stream has ended before its session")
			default:
			}
			st.beatFor(4 * time.Second)
			select {
			case <-done:
			default:
				t.Error("a stream goes on after its session")
			}
		})
		st.beatFor(10 * time.Second)
		if _, there := st.record(t, id); there != (st.fast.Abs() > time.Minute) {
			t.Errorf("after its end the record is there: %v", there)
		}
	})
}

// No sweep goes by a clock that nobody has confirmed.
//
// Rows: I11
func TestNothingIsSweptBeforeTheTimeIsTold(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		st := newClockFeed(0)
		newBrowser(t, newManager(t, st, session.Options{})).signIn("ada")
		time.Sleep(2 * time.Minute)
		if n := st.count("Sweep"); n != 0 {
			t.Errorf("swept %d times", n)
		}
	})
}

// A node whose clock is far off sweeps and rotates nothing, and says so. It goes on knowing who is who: a rotation that
// another node has confirmed is in its grace, and over after it.
//
// Rows: I4, I11
func TestANodeWhoseClockIsOffDoesNothingIrrevocable(t *testing.T) {
	o := rotating(session.Options{})
	o.SweepInterval = time.Minute
	inSkew(t, o, func(t *testing.T, m *session.Manager, st *clockFeed, events *recorder) {
		far := st.fast.Abs() > time.Minute
		b := newBrowser(t, m)
		id := b.signIn("ada")
		swept := st.count("Sweep")
		st.beatFor(61 * time.Minute)
		if n := st.count("Sweep") - swept; far != (n == 0) {
			t.Errorf("swept %d times", n)
		}
		first := b.copied()
		if rotated := len(b.with(nothing).setCookies()) > 0; rotated == far {
			t.Errorf("rotated: %v", rotated)
		}
		if n := len(events.of(t, m, event.ClockOff)); far != (n > 0) || n > 63 {
			t.Errorf("said %d times in an hour that the clock is off", n)
		}
		if far {
			return
		}
		if b.user() != "ada" {
			t.Error("the successor is refused")
		}
		if r, _ := st.record(t, id); r.Rotation.At.Sub(st.now()).Abs() > time.Second {
			t.Errorf("confirmed at %v, by the server's clock it is %v", r.Rotation.At, st.now())
		}
		st.beatFor(59 * time.Second)
		if first.copied().user() != "ada" {
			t.Error("the old secret is refused within the grace")
		}
	})
}

// What another node has confirmed is in its grace here, too.
//
// Rows: I4, A17
func TestTheGraceIsThatOfTheServersTime(t *testing.T) {
	inSkew(t, rotating(session.Options{}), func(t *testing.T, m *session.Manager, st *clockFeed, events *recorder) {
		b := newBrowser(t, m)
		id := b.signIn("ada")
		confirm := func(ago time.Duration) { // the browser has a successor, from another node
			st.edit(t, id, func(r *store.Record) {
				if r.Rotation.At.IsZero() {
					r.Rotation.Other, r.Secret = r.Secret, store.Hash{1}
				}
				r.Rotation.At, r.Rotation.Confirmed = st.now().Add(-ago), true
			})
		}
		confirm(55 * time.Second)
		if b.copied().user() != "ada" || len(events.of(t, m, event.Theft)) != 0 {
			t.Error("a request that was on its way is taken for theft")
		}
		confirm(65 * time.Second)
		if b.copied().user() != "" || len(events.of(t, m, event.Theft)) == 0 {
			t.Error("nobody notices a secret that its browser has given up")
		}
	})
}

// A node that does not know the time takes nobody for a thief by it: the store's feed has told none yet, or clocks
// contradict each other.
//
// Rows: I4, A17
func TestNobodyIsAThiefByAClockInDoubt(t *testing.T) {
	for name, confuse := range map[string]func(*clockFeed){
		"not told yet": func(*clockFeed) { time.Sleep(2 * time.Second) },
		"doubted":      func(st *clockFeed) { st.beat(); st.fast = -time.Hour; st.beat() },
	} {
		inBubble(t, name, func(t *testing.T) {
			st, events := newClockFeed(0), new(recorder)
			b := newBrowser(t, newManager(t, st, rotating(session.Options{})))
			st.beat()
			id := b.signIn("ada")
			m := newManager(t, st, rotating(session.Options{Events: event.NewQueue(events.observe)}))
			b.site = newBrowser(t, m).site
			st.edit(t, id, func(r *store.Record) {
				r.Rotation.Other, r.Secret = r.Secret, store.Hash{1}
				r.Rotation.At, r.Rotation.Confirmed = st.now().Add(-65*time.Second), true
			})
			confuse(st)
			if b.user() != "ada" || len(events.of(t, m, event.Theft)) != 0 {
				t.Error("signed out by a clock that nobody can rely on")
			}
		})
	}
}

// Who ends all sessions that there are now ends those of now, whatever the clock of the machine shows.
//
// Rows: R3, I1
func TestNowIsTheServersNow(t *testing.T) {
	for _, fast := range []time.Duration{0, 40 * time.Second, -40 * time.Second, 2 * time.Hour, -2 * time.Hour} {
		st := newClockFeed(fast) // in no bubble, where time.Now has no monotonic reading
		m := newManager(t, st, asleep(session.Options{}))
		st.beat()
		b := newBrowser(t, m)
		b.signIn("ada")
		if err := m.RevokeBefore(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		if b.user() != "" {
			t.Errorf("%v fast: a session of before lives on", fast)
		}
		b.signIn("ada")
		if b.user() != "ada" {
			t.Errorf("%v fast: a session of after is refused", fast)
		}
	}
}

// A request that comes before the first word of the server's time waits for it, and not for ever.
//
// Rows: I11, I10
func TestRequestsWaitForTheTime(t *testing.T) {
	for _, told := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			st := newClockFeed(2 * time.Hour)
			b := newBrowser(t, newManager(t, st, asleep(session.Options{})))
			st.beat()
			b.signIn("ada")
			b.site = newBrowser(t, newManager(t, st, asleep(session.Options{}))).site
			if told {
				time.AfterFunc(500*time.Millisecond, st.beat)
			}
			began := time.Now()
			if got := b.user(); told && got != "ada" {
				t.Error("refused by a clock that is wrong")
			}
			if took := time.Since(began); took > time.Second || told != (took == 500*time.Millisecond) {
				t.Errorf("told %v: the answer took %v", told, took)
			}
		})
	}
}

// A session whose end was noticed is gone soon, so that no clock that is set back can revive it.
//
// Rows: I11
func TestExpiredSessionsAreSweptWhenNoticed(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, session.Options{IdleTimeout: 10 * time.Minute, SweepInterval: 24 * time.Hour})
		b := newBrowser(t, m)
		id := b.signIn("ada")
		time.Sleep(10 * time.Minute)
		for range 30 {
			if b.copied().user() != "" {
				t.Fatal("a session goes on whose time is over")
			}
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		if _, there := st.record(t, id); there {
			t.Error("its record is still there")
		}
		if n := st.count("Sweep"); n != 1 {
			t.Errorf("swept %d times", n)
		}
	})
}
