package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// One user's sessions are bounded, and the option says which one gives way.
//
// Rows: A43, ASVS 7.1.2, R6
func TestSessionsPerUserAreLimited(t *testing.T) {
	for _, c := range []struct {
		name    string
		at      session.LimitPolicy
		ended   int // which of the five devices, in the order of sign-in; -1: none
		refused bool
	}{
		{"oldest", session.LimitEndOldest, 0, false},
		{"least used", session.LimitEndLeastUsed, 2, false},
		{"refuse", session.LimitRefuse, -1, true},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			var events recorder
			st := newFaultStore()
			m := newManager(t, st, asleep(session.Options{MaxSessions: 5, AtLimit: c.at,
				Events: event.NewQueue(events.observe)}))
			var devices []*browser
			for range 5 {
				b := newBrowser(t, m)
				b.signIn("ada")
				devices = append(devices, b)
				time.Sleep(time.Second)
			}
			time.Sleep(10 * time.Minute)
			for i, b := range devices { // all but the third are used
				if i != 2 {
					b.user()
				}
			}
			time.Sleep(10 * time.Second)
			others := newBrowser(t, m)
			others.signIn("alan")

			sixth := newBrowser(t, m)
			a := sixth.with(func(s *session.Session) {
				if err := s.SignIn("ada"); errors.Is(err, session.ErrTooManySessions) != c.refused {
					t.Errorf("sign in: %v", err)
				}
			})
			if c.refused != (len(a.setCookies()) == 0) {
				t.Errorf("answer %s", describe(a))
			}
			for i, b := range devices {
				if got := peekUser(m, b) == ""; got != (i == c.ended) {
					t.Errorf("device %d ended: %v", i, got)
				}
			}
			if !c.refused && peekUser(m, sixth) != "ada" || others.user() != "alan" {
				t.Error("the new session or another user's has ended")
			}
			if n, err := m.Count(t.Context(), "ada"); err != nil || n != 5 {
				t.Errorf("%d sessions, %v; want 5", n, err)
			}
			if e := events.the(t, m, event.Limit); e.User != "ada" {
				t.Errorf("event %+v", e)
			}
		})
	}
}

// Signing in again on a device that is signed in is no further session, and ended ones do not count.
//
// Rows: A43
func TestLimitCountsLiveSessionsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), asleep(session.Options{MaxSessions: 2, AtLimit: session.LimitRefuse}))
		a, b := newBrowser(t, m), newBrowser(t, m)
		a.signIn("ada")
		b.signIn("ada")
		a.signIn("ada")
		refused := func() {
			t.Helper()
			newBrowser(t, m).with(func(s *session.Session) {
				if err := s.SignIn("ada"); !errors.Is(err, session.ErrTooManySessions) {
					t.Errorf("a third session: %v", err)
				}
			})
		}
		refused()
		time.Sleep(2 * time.Hour) // both are over, and nobody sweeps
		newBrowser(t, m).signIn("ada")
		newBrowser(t, m).signIn("ada")
		refused()
		if err := m.RevokeBefore(t.Context(), time.Now()); err != nil { // the records stay
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		newBrowser(t, m).signIn("ada")
		newBrowser(t, m).signIn("ada")
		refused()
	})
}

// A user who has far more sessions than the limit, as after it was lowered, is signed in by bounded work: the sessions
// that stay are good, and no request is answered on the others any more, whatever their number.
//
// Rows: A43, I9
func TestSignInOverManySessionsIsBounded(t *testing.T) {
	for name, at := range map[string]session.LimitPolicy{
		"oldest": session.LimitEndOldest, "least used": session.LimitEndLeastUsed,
	} {
		inBubble(t, name, func(t *testing.T) {
			st := newFaultStore()
			unlimited := newManager(t, st, asleep(session.Options{MaxSessions: -1}))
			var devices []*browser
			for range 1000 {
				b := newBrowser(t, unlimited)
				b.signIn("ada")
				devices = append(devices, b)
				time.Sleep(time.Millisecond)
			}
			m := newManager(t, st, asleep(session.Options{MaxSessions: 5, AtLimit: at}))
			before := st.count()
			last := newBrowser(t, m)
			last.signIn("ada")
			if n := st.count() - before; n > 110 {
				t.Errorf("a sign-in made %d calls of the store", n)
			}
			good := 0
			for _, b := range append(devices, last) {
				if peekUser(m, b) == "ada" {
					good++
				}
			}
			if good != 5 || peekUser(m, last) != "ada" {
				t.Errorf("%d sessions are good, want 5 with the new one, which belongs to %q", good, peekUser(m, last))
			}
			before = st.count()
			newBrowser(t, m).signIn("ada")
			if n := st.count() - before; n > 10 {
				t.Errorf("the next sign-in made %d calls", n)
			}
		})
	}
}

// A sign-in does not wait for a slow store to end a hundred sessions one by one; the sign-ins after it go on.
//
// Rows: A43, I9
func TestSignInDoesNotWaitForAllTheSurplus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		unlimited := newManager(t, st, asleep(session.Options{MaxSessions: -1}))
		for range 12 {
			newBrowser(t, unlimited).signIn("ada")
		}
		m := newManager(t, st, asleep(session.Options{MaxSessions: 2, StoreTimeout: 3 * time.Second}))
		st.trap(func(context.Context) error { time.Sleep(time.Second); return nil }, "Delete")
		for signIn, want := range []int{10, 8, 6, 4, 2, 2} {
			began := time.Now()
			newBrowser(t, m).signIn("ada")
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("sign-in %d took %v", signIn, took)
			}
			if n := rows(t, st); n != want {
				t.Errorf("after sign-in %d there are %d sessions, want %d", signIn, n, want)
			}
		}
	})
}

// The session that has just begun stays, also if other nodes' clocks are ahead and theirs seem newer.
//
// Rows: A43
func TestLimitNeverEndsTheSessionThatBegins(t *testing.T) {
	for _, n := range []int{5, 300} {
		inBubble(t, fmt.Sprint(n), func(t *testing.T) {
			st := newFaultStore()
			m := newManager(t, st, asleep(session.Options{MaxSessions: 5}))
			ahead := time.Now().Add(40 * time.Second)
			for i := range n {
				at := ahead.Add(time.Duration(i) * time.Millisecond)
				end := at.Add(time.Hour)
				r := store.Record{ID: store.NewID(), User: "ada", CreatedAt: at, LastSeen: at, ExpiresAt: end}
				if err := st.inner.Create(t.Context(), r, store.ID{}); err != nil {
					t.Fatal(err)
				}
			}
			b := newBrowser(t, m)
			b.signIn("ada")
			if peekUser(m, b) != "ada" {
				t.Error("it has ended")
			}
		})
	}
}

// Sessions that a cut-off has ended do not count, although their records are there.
//
// Rows: A43
func TestLimitCountsNoSessionsThatACutoffEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), asleep(session.Options{MaxSessions: 2, AtLimit: session.LimitRefuse}))
		for range 3 {
			newBrowser(t, m).signIn("ada")
			newBrowser(t, m).signIn("ada")
			if err := m.RevokeUserBefore(t.Context(), "ada", time.Now()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
	})
}

// No limit, and a limit of one.
//
// Rows: A43
func TestMaxSessionsUnlimitedAndOne(t *testing.T) {
	unlimited := newManager(t, newFaultStore(), session.Options{MaxSessions: -1})
	for range 150 {
		newBrowser(t, unlimited).signIn("ada")
	}
	if n, err := unlimited.Count(t.Context(), "ada"); err != nil || n != 150 {
		t.Errorf("%d sessions without a limit, %v", n, err)
	}
	single := newManager(t, newFaultStore(), session.Options{MaxSessions: 1})
	first, second := newBrowser(t, single), newBrowser(t, single)
	first.signIn("ada")
	second.signIn("ada")
	if first.user() != "" || second.user() != "ada" {
		t.Errorf("first %q, second %q; want the second alone", first.user(), second.user())
	}
}

// A sign-in is refused for what goes along with it, and not for values that it leaves behind.
//
// Rows: A43, I9
func TestSignInCountsOnlyWhatGoesAlong(t *testing.T) {
	for _, c := range []struct {
		name    string
		options []session.KeyOption
		refused bool
	}{
		{"left behind", nil, false},
		{"carried", []session.KeyOption{session.Carry}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := newFaultStore()
			m := newManager(t, st, session.Options{MaxKeys: 2})
			key := func(name string) session.Key[string] { return session.NewKey[string](name, c.options...) }
			b := newBrowser(t, m)
			set(b, key("a"), "x")
			var err error
			slow := b.begin(func(s *session.Session) { _ = key("b").Set(s, "x") },
				func(s *session.Session) { err = s.SignIn("ada") })
			set(b.copied(), key("c"), "x") // each request fits, both together do not
			saved := st.count("Save")
			slow.end()
			if errors.Is(err, session.ErrTooLarge) != c.refused {
				t.Errorf("sign-in: %v; refused for what is too large: want %v", err, c.refused)
			}
			if n := st.count("Save") - saved; n != 0 {
				t.Errorf("%d saves, want none", n)
			}
		})
	}
}

// A session has a bounded size and a bounded number of keys; what is too much is an error, and nothing has changed.
//
// Rows: A11, A43, R6, I9
func TestSessionSizeIsBounded(t *testing.T) {
	var events recorder
	m := newManager(t, newFaultStore(),
		session.Options{MaxBytes: 1000, MaxKeys: 3, Events: event.NewQueue(events.observe)})
	b := newBrowser(t, m)
	key := func(i int) session.Key[string] { return session.NewKey[string](fmt.Sprintf("key-%d", i)) }
	b.with(func(s *session.Session) {
		for i := range 3 {
			if err := key(i).Set(s, "x"); err != nil {
				t.Errorf("key %d: %v", i, err)
			}
		}
		if err := key(3).Set(s, "x"); !errors.Is(err, session.ErrTooLarge) {
			t.Errorf("a fourth key: %v", err)
		}
		if err := key(0).Set(s, strings.Repeat("x", 1000)); !errors.Is(err, session.ErrTooLarge) {
			t.Errorf("a value of 1000 bytes: %v", err)
		}
		if err := key(0).Update(s, func(string) string { return strings.Repeat("x", 1000) }); !errors.Is(err,
			session.ErrTooLarge) {
			t.Errorf("an update to 1000 bytes: %v", err)
		}
		if got := key(0).Get(s); got != "x" {
			t.Errorf("a refused value is there: %q", got)
		}
	})
	b.with(func(s *session.Session) {
		if key(0).Get(s) != "x" || key(3).Get(s) != "" {
			t.Error("what was refused is stored")
		}
		if err := key(0).Delete(s); err != nil {
			t.Error(err)
		}
		if err := key(3).Set(s, "x"); err != nil {
			t.Errorf("after a key was deleted: %v", err)
		}
	})
	if n := len(events.of(t, m, event.Limit)); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

// Two requests that each keep the bound, but break it together: the second one fails, and is answered as an error.
//
// Rows: A43, I9
func TestMergedSizeIsBounded(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{MaxBytes: 1000})
	b := newBrowser(t, m)
	b.signIn("ada")
	big := strings.Repeat("x", 600)
	slow := b.copied().begin(nothing, func(s *session.Session) { _ = note.Set(s, big) })
	set(b, session.NewKey[string]("other"), big)
	if a := slow.end(); a.status < 500 && a.status != http.StatusConflict &&
		a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("answer %s for a change that was not saved", describe(a))
	}
	if get(b, note) != "" || len(get(b, session.NewKey[string]("other"))) != 600 {
		t.Error("the bound did not hold, or the first value is gone")
	}
}

// A flood of visitors who each store something is bounded, and does not keep users from signing in.
//
// Rows: A43, A11, R6
func TestVisitorFloodIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events recorder
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{MaxVisitors: 10, Events: event.NewQueue(events.observe)}))
		status := make(map[int]int)
		for range 50 {
			b := newBrowser(t, m)
			a := b.with(func(s *session.Session) { _ = note.Set(s, "x") })
			status[a.status]++
			if a.status != http.StatusOK && len(a.setCookies()) != 0 {
				t.Error("a cookie for a session that was refused")
			}
		}
		if status[http.StatusOK] != 10 || rows(t, st) != 10 {
			t.Errorf("answers %v and %d records, want 10", status, rows(t, st))
		}
		newBrowser(t, m).signIn("ada")
		newBrowser(t, m).with(func(s *session.Session) {
			_ = note.Set(s, "x")
			if err := s.Save(); !errors.Is(err, session.ErrTooManyVisitors) {
				t.Errorf("save: %v", err)
			}
		})
		if len(events.of(t, m, event.Limit)) == 0 {
			t.Error("nobody is told")
		}
		time.Sleep(time.Minute)
		if a := newBrowser(t, m).with(func(s *session.Session) { _ = note.Set(s, "x") }); a.status != http.StatusOK {
			t.Errorf("a minute later: %s", describe(a))
		}
	})
}

// Names of keys are bounded in length and alphabet; others are a mistake of the program.
//
// Rows: A10, A19, I9
func TestKeyNamesAreBounded(t *testing.T) {
	for name, ok := range map[string]bool{
		"a": true, "cart": true, "A.b-c_9": true, strings.Repeat("k", session.MaxKeyLen): true,
		"": false, strings.Repeat("k",
			session.MaxKeyLen+1): false, "a b": false, "a\n": false, "a:b": false, "ä": false, "a\x00": false,
		"a/b": false,
	} {
		if err := session.CheckKey(name); (err == nil) != ok {
			t.Errorf("CheckKey(%q): %v, want it good: %v", name, err, ok)
		}
		func() {
			defer func() {
				if panicked := recover() != nil; panicked == ok {
					t.Errorf("NewKey(%q) panicked: %v", name, panicked)
				}
			}()
			if got := session.NewKey[int](name).Name(); got != name {
				t.Errorf("name %q, want %q", got, name)
			}
		}()
	}
}

// The browser's own words are bounded before they are kept.
//
// Rows: I9, A11
func TestDeviceTextIsBounded(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	b := newBrowser(t, m)
	b.agent = strings.Repeat("A", 1<<20)
	b.signIn("ada")
	b.with(func(s *session.Session) {
		info, ok := s.Info()
		if n := len(info.Device.UserAgent); !ok || n == 0 || n > 4096 {
			t.Errorf("%d bytes of User-Agent are kept", n)
		}
	})
}
