package session_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/session"
)

// A ticket is explained at each station of its session, and nothing comes of it.
//
// Rows: A14
func TestExplainFollowsATicket(t *testing.T) {
	inRotation(t, "", session.Options{},
		func(t *testing.T, m *session.Manager, st *faultStore, b *browser, events *recorder) {
			first := b.ticket()
			handle, _ := b.handle(), set(b, note, "kept") // is due: the successor is offered, and then shown
			expect := func(ticket, want string) {
				t.Helper()
				worth, of, err := m.Explain(t.Context(), ticket)
				if err != nil || worth != want {
					t.Errorf("%s, %v; want %s", worth, err, want)
				}
				if known := want != "malformed"; known != (of.Handle == handle) {
					t.Errorf("%s: the session is %v", want, of.Handle)
				}
				if there := want != "malformed" && want != "unknown"; there != (of.User == "ada") {
					t.Errorf("%s: the user is %q", want, of.User)
				}
			}
			b.user()
			second := b.ticket()
			if first == second {
				t.Fatal("there was no rotation")
			}
			expect(first, "live") // within the grace
			expect(second, "live")
			time.Sleep(time.Minute + time.Second)
			b.user()
			for range 3 {
				expect(first, "superseded")
			}
			expect(second, "live")
			made := second[:len(second)-4] + strings.Repeat("A", 4)
			expect(made, "forged")
			expect(second[1:], "malformed")
			expect(second+"A", "malformed")
			if b.user() != "ada" {
				t.Error("an explanation has signed ada out")
			}
			if got := events.kinds(); strings.Contains(got, "theft") || strings.Contains(got, "forged") {
				t.Errorf("events: %s", got)
			}
			if err := m.RevokeBefore(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			expect(second, "ended")
			time.Sleep(101 * time.Hour)
			expect(second, "expired")
			if _, err := m.Revoke(t.Context(), handle); err != nil {
				t.Fatal(err)
			}
			expect(second, "unknown")
		})
}

// While the store is down nobody knows what a ticket is worth.
func TestExplainNeedsTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		b := newBrowser(t, m)
		b.signIn("ada")
		ticket := b.ticket()
		st.down()
		if worth, of, err := m.Explain(t.Context(), ticket); err == nil {
			t.Errorf("%q, %+v", worth, of)
		}
	})
}
