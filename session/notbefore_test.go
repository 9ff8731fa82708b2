package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// One step ends everybody's sessions, or one user's, from before a moment; those that begin after it are good.
//
// Rows: A12, R3, ASVS 7.4.5
func TestRevokeBeforeEndsOlderSessionsOnly(t *testing.T) {
	for _, all := range []bool{true, false} {
		name := "one user"
		if all {
			name = "everybody"
		}
		inBubble(t, name, func(t *testing.T) {
			st := newFaultStore()
			m, other := newManager(t, st, asleep(session.Options{})), newManager(t, st, asleep(session.Options{}))
			signedIn := func(m *session.Manager, user string) *browser {
				b := newBrowser(t, m)
				b.signIn(user)
				return b
			}
			early := signedIn(m, "ada")
			elsewhere := signedIn(other, "ada")
			alan := signedIn(m, "alan")
			visitor := newBrowser(t, m)
			set(visitor, note, "x")
			time.Sleep(time.Second)
			cutoff := time.Now()
			time.Sleep(time.Second)
			between := signedIn(m, "ada")

			var err error
			if all {
				err = m.RevokeBefore(t.Context(), cutoff)
			} else {
				err = m.RevokeUserBefore(t.Context(), "ada", cutoff)
			}
			if err != nil {
				t.Fatalf("switch: %v", err)
			}
			if early.user() != "" || elsewhere.user() != "" {
				t.Errorf("users %q and %q after the switch", early.user(), elsewhere.user())
			}
			if between.user() != "ada" {
				t.Error("a session that began after the moment is refused")
			}
			if got := alan.user() == ""; got != all {
				t.Errorf("another user is signed out: %v", got)
			}
			if got := get(visitor, note) == ""; got != all {
				t.Errorf("a visitor's session has ended: %v", got)
			}
			if infos, err := m.List(t.Context(), "ada"); err != nil || len(infos) != 1 {
				t.Errorf("%d sessions are listed, %v; want 1", len(infos), err)
			}
			counted := map[string]int{"ada": 1, "alan": 1}
			if all {
				counted = map[string]int{"ada": 1, "alan": 0, "": 1}
			}
			for _, node := range []*session.Manager{m, other, newManager(t, st, asleep(session.Options{}))} {
				for user, want := range counted {
					if n, err := node.Count(t.Context(), user); err != nil || n != want {
						t.Errorf("%d sessions of %q count, %v; want %d", n, user, err, want)
					}
				}
			}
			restarted := newManager(t, st, asleep(session.Options{}))
			again := newBrowser(t, restarted)
			again.setTicket(early.ticket())
			if again.user() != "" {
				t.Error("a restart has forgotten the switch")
			}
		})
	}
}

// Whoever signs in, or begins a session, right after the switch, is in.
//
// Rows: A12, A39
func TestSignInAtTheTimeOfACutoffIsGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // all of it at one and the same time
		m := newManager(t, newFaultStore(), asleep(session.Options{}))
		old := newBrowser(t, m)
		old.signIn("ada")
		if err := m.RevokeBefore(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		if old.user() != "" {
			t.Error("a session that began at the moment is good")
		}
		b := newBrowser(t, m)
		b.signIn("ada")
		if b.user() != "ada" {
			t.Error("the user who signed in after the switch is out")
		}
		stepUp(b)
		if b.user() != "ada" {
			t.Error("the user who proved again who they are is out")
		}
		visitor := newBrowser(t, m)
		set(visitor, note, "x")
		if get(visitor, note) != "x" {
			t.Error("the visitor who came after the switch has lost what they stored")
		}
	})
}

// A moment in the future is now, an earlier one than before changes nothing, and nobody is not everybody.
//
// Rows: A12
func TestCutoffsOnlyMoveForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		time.Sleep(time.Hour)
		if err := m.RevokeBefore(t.Context(), time.Now().Add(100*time.Hour)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		b := newBrowser(t, m)
		b.signIn("ada")
		if b.user() != "ada" {
			t.Error("a switch in the future keeps people out")
		}
		thief := newBrowser(t, m)
		thief.signIn("ada")
		if err := errors.Join(m.RevokeBefore(t.Context(), time.Now()),
			m.RevokeBefore(t.Context(), time.Now().Add(-time.Hour))); err != nil {
			t.Fatal(err)
		}
		if thief.user() != "" {
			t.Error("an earlier switch took a later one back")
		}
		if err := m.RevokeUserBefore(t.Context(), "", time.Now()); err == nil {
			t.Error("a switch for the user without a name")
		}
	})
}

// A switch that cannot be made durable is an error; switches that cannot be read make every ticket unknown, not good.
//
// Rows: R8, R9, I10
func TestCutoffsThatCannotBeReadAdmitNobody(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	st.down("SetNotBefore")
	if err := m.RevokeBefore(t.Context(), time.Now()); !errors.Is(err, errDown) {
		t.Errorf("switch: %v", err)
	}
	if b.user() != "ada" {
		t.Error("a switch that failed has ended sessions")
	}
	st.trap(func(context.Context) error { return errDown }, "NotBefore")
	fresh := newManager(t, st, session.Options{})
	c := newBrowser(t, fresh)
	c.setTicket(b.ticket())
	if a := c.with(nothing); a.status != 503 {
		t.Errorf("answer %s from a node that does not know the switches", describe(a))
	}
	st.trap(nil, "NotBefore")
	if c.user() != "ada" {
		t.Error("signed out by a failing store")
	}
	st.up("SetNotBefore")
	bare := newManager(t, struct{ store.Store }{st}, session.Options{})
	if err := bare.RevokeBefore(t.Context(), time.Now()); err != nil {
		t.Errorf("a wrapper that knows of no optional interface: %v", err)
	}
}

// Without a feed other nodes know of a switch within seconds, by asking; and ask no more often than that.
//
// Rows: A12, R3
func TestCutoffsReachNodesWithoutAFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newFaultStore()
		st := struct{ store.Store }{inner}
		here, there := newManager(t, st, asleep(session.Options{})), newManager(t, st, asleep(session.Options{}))
		b := newBrowser(t, there)
		b.signIn("ada")
		b.user()
		asked := inner.count("NotBefore")
		for range 100 {
			b.user()
		}
		if n := inner.count("NotBefore") - asked; n != 0 {
			t.Errorf("the switches were read %d times in no time", n)
		}
		if err := here.RevokeBefore(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if b.user() != "" {
			t.Error("the other node does not know after 5 seconds")
		}
	})
}

// A look that failed is no look: nobody is admitted on it a moment later either.
//
// Rows: R8, I10
func TestFailedLookAtCutoffsIsNoLook(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		st := newFaultStore()
		b := newBrowser(t, newManager(t, struct{ store.Store }{st}, asleep(session.Options{})))
		b.signIn("ada")
		time.Sleep(6 * time.Second) // until the cut-offs have to be looked at again
		st.down("NotBefore")
		for range 3 {
			if a := b.with(nothing); a.status != http.StatusServiceUnavailable {
				t.Errorf("answer %s", describe(a))
			}
			time.Sleep(time.Second)
		}
	})
}

// The count of all knows sessions that only their own user's not-before has ended, in bounded work.
func TestCountOfAllKnowsUsersCutoffs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		end := func(user string, sessions int) {
			for range sessions {
				newBrowser(t, m).signIn(user)
			}
			if err := m.RevokeUserBefore(t.Context(), user, time.Now()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		counts := func(want int) {
			t.Helper()
			if n, err := m.Count(t.Context(), ""); err != nil || n != want {
				t.Errorf("%d sessions, %v; want %d", n, err, want)
			}
		}
		end("ada", 3)
		end("nobody", 0)
		newBrowser(t, m).signIn("ada")
		newBrowser(t, m).signIn("bob")
		counts(2)
		st.down("Count")
		if _, err := m.Count(t.Context(), ""); err == nil {
			t.Error("a count without a store")
		}
		st.up("Count")
		for i := range 100 {
			end(fmt.Sprint("user ", i), 1)
		}
		before := st.count("Count")
		counts(2 + 3) // ada's are those that it does not look for
		if n := st.count("Count") - before; n != 201 {
			t.Errorf("the store was asked %d times", n)
		}
		if err := m.RevokeBefore(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		counts(0)
	})
}
