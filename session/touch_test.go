package session_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A session that is used all the time costs one write of its last-seen time in each interval.
//
// Rows: R6
func TestTouchesAreThrottled(t *testing.T) {
	for _, c := range []struct {
		name  string
		o     session.Options
		every time.Duration
	}{
		{"default", session.Options{}, 2 * time.Minute},
		{"short idle timeout", session.Options{IdleTimeout: 5 * time.Minute}, 15 * time.Second},
		{"own", session.Options{TouchInterval: 10 * time.Minute}, 10 * time.Minute},
		{"at most half of the idle timeout", session.Options{IdleTimeout: time.Minute, TouchInterval: time.Hour},
			30 * time.Second},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			st := newFaultStore()
			o := asleep(c.o)
			o.RotateEvery = -1
			m := newManager(t, st, o)
			b := newBrowser(t, m)
			b.signIn("ada")
			const span = time.Hour
			for start := time.Now(); time.Since(start) < span; time.Sleep(5 * time.Second) {
				if b.user() != "ada" {
					t.Fatal("signed out in use")
				}
			}
			touches, most := st.count("Touch"), int(span/c.every)
			if touches > most || touches < most*3/4 {
				t.Errorf("%d writes in %v, want about one in %v", touches, span, c.every)
			}
			if st.count("Save") != 0 {
				t.Errorf("%d saves of a session that was only read", st.count("Save"))
			}
		})
	}
}

// Many sessions that are used within a second are one write.
//
// Rows: R6
func TestTouchesAreBatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events recorder
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{Events: event.NewQueue(events.observe)}))
		browsers := make([]*browser, 100)
		for i := range browsers {
			browsers[i] = newBrowser(t, m)
			browsers[i].signIn("ada")
		}
		time.Sleep(10 * time.Minute)
		for _, b := range browsers {
			b.user()
			b.user()
		}
		time.Sleep(2 * time.Second)
		if n := st.count("Touch"); n != 1 {
			t.Errorf("%d writes for 100 sessions, want 1", n)
		}
		if e := events.the(t, m, event.Touched); e.Count != 100 {
			t.Errorf("%d sessions touched, want 100", e.Count)
		}
	})
}

// Touches are kept while the store fails, written when it is back, and nobody who was there is signed out by that.
//
// Rows: R6, R8, I10
func TestTouchesSurviveAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{RotateEvery: -1}))
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		st.down("Touch")
		var last time.Time
		for range 11 { // 110 minutes; the idle timeout is 60
			time.Sleep(10 * time.Minute)
			last = time.Now()
			if b.user() != "ada" {
				t.Fatal("an honest user was signed out as their use could not be written")
			}
		}
		st.up("Touch")
		time.Sleep(time.Minute)
		if r, _ := st.record(t, handle); !r.LastSeen.Equal(last) {
			t.Errorf("last seen %v, want %v", r.LastSeen, last)
		}
		if infos, err := m.List(t.Context(), "ada"); err != nil || len(infos) != 1 || !infos[0].LastSeen.Equal(last) {
			t.Errorf("listed %v, %v", infos, err)
		}
	})
}

// A request without a valid session, and one that only passes through, touch nothing.
//
// Rows: C5
func TestOnlyGoodTicketsTouch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		time.Sleep(30 * time.Minute)
		thief := newBrowser(t, m)
		thief.setTicket(b.ticket()[:54] + "A")
		if b.ticket()[54] == 'A' {
			thief.setTicket(b.ticket()[:54] + "g")
		}
		thief.user()
		time.Sleep(10 * time.Second)
		if n := st.count("Touch"); n != 0 {
			t.Errorf("%d touches by a ticket with a wrong secret", n)
		}
		r, _ := st.record(t, handle)
		if time.Since(r.LastSeen) < 30*time.Minute {
			t.Error("a wrong secret kept the session alive")
		}
	})
}

// A record that is saved with a later time than that of a waiting touch keeps it.
//
// Rows: A39
func TestTouchAfterSaveMovesNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		time.Sleep(10 * time.Minute)
		b.user() // waits to be written
		time.Sleep(500 * time.Millisecond)
		set(b, note, "x")
		saved := time.Now()
		time.Sleep(time.Minute)
		if r, _ := st.record(t, handle); r.LastSeen.Before(saved) {
			t.Errorf("last seen %v, before the save at %v", r.LastSeen, saved)
		}
	})
}

// Close writes what waits, so that a restart does not forget who was there.
//
// Rows: R6
func TestCloseFlushesTouches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := session.New(st, asleep(session.Options{}))
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		time.Sleep(10 * time.Minute)
		b.user()
		used := time.Now()
		if err := m.Close(t.Context()); err != nil {
			t.Fatalf("close: %v", err)
		}
		if r, _ := st.record(t, handle); !r.LastSeen.Equal(used) {
			t.Errorf("last seen %v, want %v", r.LastSeen, used)
		}
	})
}

// Close waits for a write of touches that is under way: the caller closes the database next.
//
// Rows: R6
func TestCloseWaitsForTouchesUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := session.New(st, asleep(session.Options{}))
		b := newBrowser(t, m)
		b.signIn("ada")
		time.Sleep(10 * time.Minute)
		b.user()
		written := false
		st.trap(func(context.Context) error {
			time.Sleep(500 * time.Millisecond)
			written = true
			return nil
		}, "Touch")
		time.Sleep(1100 * time.Millisecond) // the write has begun
		if err := m.Close(t.Context()); err != nil {
			t.Fatalf("close: %v", err)
		}
		if !written {
			t.Error("Close returned while touches were being written")
		}
	})
}

// Close says when it could not write, and leaves nothing running.
//
// Rows: R6
func TestCloseReportsAFailingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := session.New(st, asleep(session.Options{}))
		b := newBrowser(t, m)
		b.signIn("ada")
		time.Sleep(10 * time.Minute)
		b.user()
		st.down("Touch")
		if err := m.Close(t.Context()); err == nil {
			t.Error("close is silent although nothing was written")
		}
		calls := st.count("Touch")
		time.Sleep(time.Hour)
		if n := st.count("Touch") - calls; n != 0 {
			t.Errorf("%d more calls after Close", n)
		}
	})
}

// What the store tells of a session's last use is in the list, together with what has not been written yet.
//
// Rows: ASVS 7.5.2
func TestListKnowsTheLatestUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		b := newBrowser(t, m)
		b.signIn("ada")
		time.Sleep(10 * time.Minute)
		a := b.visit(func(w http.ResponseWriter, r *http.Request) { _ = session.From(r.Context()).User() })
		if a.status != http.StatusOK {
			t.Fatal(describe(a))
		}
		infos, err := m.List(t.Context(), "ada")
		if err != nil || len(infos) != 1 || !infos[0].LastSeen.Equal(time.Now()) {
			t.Errorf("listed %+v, %v; want it seen now", infos, err)
		}
		r, err := st.List(t.Context(), store.Query{User: "ada"})
		if err != nil || len(r) != 1 {
			t.Errorf("%v %v", r, err)
		}
	})
}
