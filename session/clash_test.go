package session_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// Two programs on one host whose cookies have one name sign each other's users out. The program that is come to with
// tickets of somebody else's, twice in a row after a sign-in, says so.
//
// Rows: R21
func TestClashOfNamesIsNoticed(t *testing.T) {
	for _, s := range stores {
		t.Run(s.name, func(t *testing.T) {
			var mine, theirs recorder
			here := newManager(t, s.make(), session.Options{Events: event.NewQueue(mine.observe)})
			there := newManager(t, s.make(), session.Options{Events: event.NewQueue(theirs.observe)})
			a := newBrowser(t, here)
			a.signIn("ada")
			b := newBrowser(t, there)
			b.cookies = a.cookies // ports do not tell cookies apart
			b.signIn("ada")
			a.user()
			if n := len(mine.of(t, here, event.Clash)); n != 0 {
				t.Error("one strange ticket is reported")
			}
			a.user()
			e := mine.the(t, here, event.Clash)
			for _, want := range []string{hostCookie, "Options.Cookie", "another program"} {
				if !strings.Contains(e.Reason, want) {
					t.Errorf("the event says %q, without %q", e.Reason, want)
				}
			}
			a.user()
			a.user()
			if n := len(mine.of(t, here, event.Clash)); n != 1 {
				t.Errorf("%d events for one sign-in", n)
			}
			a.signIn("ada") // and so the other program loses its user
			b.user()
			b.user()
			theirs.the(t, there, event.Clash)
		})
	}
}

// Everything else that brings tickets without a record is no clash.
//
// Rows: R21
func TestWhatIsNoClash(t *testing.T) {
	foreign := func(b *browser) {
		own := b.ticket()
		b.setTicket(unknownTicket(1))
		b.user()
		b.setTicket(own)
	}
	for name, visit := range map[string]func(t *testing.T, m *session.Manager, b *browser, handle store.ID){
		"its own session has ended": func(t *testing.T, m *session.Manager, b *browser, handle store.ID) {
			if _, err := m.Revoke(t.Context(), handle); err != nil {
				t.Error(err)
			}
			b.user()
			b.user()
		},
		"its own ticket comes between": func(_ *testing.T, _ *session.Manager, b *browser, _ store.ID) {
			for range 3 {
				foreign(b)
				b.user()
			}
		},
		"another browser": func(t *testing.T, m *session.Manager, _ *browser, _ store.ID) {
			other := newBrowser(t, m)
			other.agent = "another one"
			foreign(other)
			foreign(other)
		},
		"two users behind one address": func(t *testing.T, m *session.Manager, b *browser, _ store.ID) {
			other := newBrowser(t, m)
			other.signIn("eve")
			b.signIn("ada")
			stale := newBrowser(t, m)
			foreign(stale)
			foreign(stale)
		},
		"another address": func(t *testing.T, m *session.Manager, _ *browser, _ store.ID) {
			other := newBrowser(t, m)
			other.address = "192.0.2.9:1"
			foreign(other)
			foreign(other)
		},
		"malformed": func(_ *testing.T, _ *session.Manager, b *browser, _ store.ID) {
			b.setTicket(malformed(1))
			b.user()
			b.user()
		},
		"long after another one": func(_ *testing.T, _ *session.Manager, b *browser, _ store.ID) {
			foreign(b)
			time.Sleep(11 * time.Minute)
			foreign(b)
		},
		"requests from before the sign-in": func(_ *testing.T, _ *session.Manager, b *browser, _ store.ID) {
			before := b.copied()
			b.signIn("ada")
			before.user()
			before.user()
		},
		"a visitor's values": func(t *testing.T, m *session.Manager, _ *browser, _ store.ID) {
			visitor := newBrowser(t, m)
			visitor.agent = "a visitor's"
			set(visitor, note, "x")
			foreign(visitor)
			foreign(visitor)
		},
	} {
		inBubble(t, name, func(t *testing.T) {
			var events recorder
			m := newManager(t, memory.New(), session.Options{Events: event.NewQueue(events.observe)})
			b := newBrowser(t, m)
			visit(t, m, b, b.signIn("ada"))
			if n := len(events.of(t, m, event.Clash)); n != 0 {
				t.Errorf("%d clashes are reported; events: %s", n, events.kinds())
			}
		})
	}
}

// A session that was stepped up has another handle, and is the one to come back with.
func TestClashAfterStepUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events recorder
		m := newManager(t, memory.New(), session.Options{Events: event.NewQueue(events.observe)})
		b := newBrowser(t, m)
		b.signIn("ada")
		b.with(func(s *session.Session) { _ = s.StepUp() })
		b.user()
		if n := len(events.of(t, m, event.Clash)); n != 0 {
			t.Errorf("%d clashes", n)
		}
		b.setTicket(unknownTicket(1))
		b.user()
		b.user()
		events.the(t, m, event.Clash)
	})
}

// The session of a browser's last sign-in here may have ended where this node does not look: then nobody set another
// cookie in its place.
//
// Rows: R21
func TestWhatIsNoClashOfSeveralNodes(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, there *session.Manager, b *browser, st store.Store){
		"signed in again and out": func(t *testing.T, there *session.Manager, b *browser, _ store.Store) {
			elsewhere := newBrowser(t, there)
			elsewhere.cookies = b.cookies
			elsewhere.signIn("ada")
			if _, err := there.RevokeUser(t.Context(), "ada"); err != nil {
				t.Error(err)
			}
		},
		"restored store": func(t *testing.T, _ *session.Manager, b *browser, st store.Store) {
			if _, err := st.DeleteUser(t.Context(), "ada", store.ID{}); err != nil {
				t.Error(err)
			}
			b.setTicket(unknownTicket(1))
		},
	} {
		inBubble(t, name, func(t *testing.T) {
			var events recorder
			st := memory.New()
			here := newManager(t, st, session.Options{Events: event.NewQueue(events.observe)})
			b := newBrowser(t, here)
			b.signIn("ada")
			end(t, newManager(t, st, session.Options{}), b, st)
			time.Sleep(10 * time.Minute)
			b.user()
			b.user()
			if n := len(events.of(t, here, event.Clash)); n != 0 {
				t.Errorf("%d clashes are reported; events: %s", n, events.kinds())
			}
		})
	}
}
