package session_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// ends are the ways in which a session ends while one of its requests is running.
var ends = []struct {
	name string
	do   func(t *testing.T, m *session.Manager, b *browser, handle store.ID)
}{
	{"signed out", func(t *testing.T, _ *session.Manager, b *browser, _ store.ID) {
		b.with(func(s *session.Session) {
			if err := s.SignOut(); err != nil {
				t.Errorf("sign out: %v", err)
			}
		})
	}},
	{"revoked", func(t *testing.T, m *session.Manager, _ *browser, handle store.ID) {
		if existed, err := m.Revoke(t.Context(), handle); !existed || err != nil {
			t.Errorf("revoke: %v, %v", existed, err)
		}
	}},
	{"all of the user revoked", func(t *testing.T, m *session.Manager, _ *browser, _ store.ID) {
		if n, err := m.RevokeUser(t.Context(), "ada"); n != 1 || err != nil {
			t.Errorf("revoke user: %d, %v", n, err)
		}
	}},
}

// works are what a slow request does before and after its session ends. None of it may bring the session back.
var works = []struct {
	name          string
	before, after func(*session.Session)
}{
	{"reads", func(s *session.Session) { _ = cart.Get(s) }, func(s *session.Session) { _ = cart.Get(s) }},
	{"writes after", nothing, func(s *session.Session) { _ = note.Set(s, "late") }},
	{"writes before", func(s *session.Session) { _ = note.Set(s, "late") }, nothing},
	{"updates", func(s *session.Session) { _ = appendTo(cart, s, "late") },
		func(s *session.Session) { _ = appendTo(cart, s, "later") }},
	{"deletes", nothing, func(s *session.Session) { _ = cart.Delete(s) }},
}

// Logout wins: no request that is still running, whatever it does, brings back a session that was ended.
//
// Rows: A15, R3, I1, ASVS 7.4.1
func TestLogoutWinsOverSlowRequests(t *testing.T) {
	for _, end := range ends {
		for _, work := range works {
			t.Run(end.name+"/"+work.name, func(t *testing.T) {
				onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
					b := newBrowser(t, m)
					handle := b.signIn("ada")
					set(b, cart, []string{"tea"})
					tab := b.copied()
					slow := tab.begin(work.before, work.after)
					end.do(t, m, b, handle)
					a := slow.end()
					if a.status != http.StatusOK || len(a.setCookies()) != 0 {
						t.Errorf("the slow request is answered %s; want 200 and no cookie", describe(a))
					}
					if n := rows(t, st); n != 0 {
						t.Errorf("%d records after the session was ended, want none", n)
					}
					if u, h := tab.user(), tab.handle(); u != "" || !h.IsZero() {
						t.Errorf("the ticket is good again: %q %v", u, h)
					}
				})
			})
		}
	}
}

// A request that only reads writes when the session was last seen. That does not bring a session back either.
//
// Rows: A15, R3, I1
func TestTouchAfterLogoutRevivesNothing(t *testing.T) {
	for _, end := range ends {
		t.Run(end.name, func(t *testing.T) {
			st := newFaultStore()
			m := newManager(t, st, session.Options{TouchInterval: 1})
			b := newBrowser(t, m)
			handle := b.signIn("ada")
			tab := b.copied()
			slow := tab.begin(nothing, nothing)
			end.do(t, m, b, handle)
			slow.end()
			if err := m.Close(t.Context()); err != nil {
				t.Errorf("close: %v", err)
			}
			if st.count("Touch") == 0 {
				t.Error("nothing was touched, so nothing was tested")
			}
			if n := rows(t, st); n != 0 || tab.user() != "" {
				t.Errorf("%d records and user %q after the end", n, tab.user())
			}
		})
	}
}

// A save that is on its way to the store when the session is deleted comes too late.
//
// Rows: A15, R3, I1
func TestDeleteWinsOverASaveOnItsWay(t *testing.T) {
	var events recorder
	st := newFaultStore()
	m := newManager(t, st, session.Options{Events: event.NewQueue(events.observe)})
	b := newBrowser(t, m)
	handle := b.signIn("ada")
	g := st.gate("Save")
	done := make(chan *answer)
	go func() {
		done <- b.copied().with(func(s *session.Session) { _ = note.Set(s, "late") })
	}()
	<-g.entered
	if existed, err := m.Revoke(t.Context(), handle); !existed || err != nil {
		t.Fatalf("revoke: %v, %v", existed, err)
	}
	close(g.open)
	if a := <-done; a.status != http.StatusOK || len(a.setCookies()) != 0 {
		t.Errorf("answer %s, want 200 without a cookie", describe(a))
	}
	if n := rows(t, st); n != 0 {
		t.Errorf("%d records, want none", n)
	}
	if e := events.the(t, m, event.Dropped); e.Count != 1 {
		t.Errorf("%d changes were reported as dropped, want 1", e.Count)
	}
}

// A sign-in on top of a session that is revoked while it runs: the user has just proved who they are, so there is a
// session, but nothing of the revoked one is in it.
//
// Rows: A15, A12
func TestSignInDuringRevokeStartsClean(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		set(b, note, "old")
		slow := b.begin(nothing, func(s *session.Session) {
			if err := s.SignIn("ada"); err != nil {
				t.Errorf("sign in: %v", err)
			}
		})
		if _, err := m.Revoke(t.Context(), handle); err != nil {
			t.Fatal(err)
		}
		slow.end()
		if got := get(b, note); got != "" {
			t.Errorf("the revoked session's value %q came back", got)
		}
		if n := rows(t, st); n != 1 || b.user() != "ada" {
			t.Errorf("%d records, user %q; want the new session alone", n, b.user())
		}
	})
}

// After the end nothing of the ticket is of use, from whatever copy; the cookie is taken from the browser that signed
// out.
//
// Rows: A12, C15, ASVS 7.4.1, N4
func TestReplayAfterSignOutIsRefused(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		b := newBrowser(t, m)
		b.signIn("ada", session.Remember)
		thief := b.copied()
		a := b.with(func(s *session.Session) {
			if err := s.SignOut(); err != nil {
				t.Errorf("sign out: %v", err)
			}
			if s.SignedIn() || !s.Handle().IsZero() {
				t.Error("the request that signed out is still signed in")
			}
		})
		if got := attributesOf(a.header.Get("Set-Cookie")); len(a.setCookies()) != 1 || got["max-age"] != "0" ||
			b.ticket() != "" {
			t.Errorf("sign-out sets %q, want the one cookie deleted", a.setCookies())
		}
		if n := rows(t, st); n != 0 || thief.user() != "" {
			t.Errorf("%d records, a copied ticket finds user %q", n, thief.user())
		}
		thief.signIn("alan")
		if b.user() != "" {
			t.Error("somebody else's sign-in with the dead ticket revived it")
		}
	})
}

// After a change of password or role, or when an account is closed: all sessions, or all but this one, at once.
//
// Rows: A12, ASVS 7.4.2, ASVS 7.4.3, ASVS 7.4.5, ASVS 8.3.2
func TestRevokeUserEndsAllOrAllButOne(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
		var devices []*browser
		for range 5 {
			b := newBrowser(t, m)
			b.signIn("ada", session.Remember)
			devices = append(devices, b)
		}
		alan := newBrowser(t, m)
		alan.signIn("alan")
		visitor := newBrowser(t, m)
		set(visitor, note, "x")

		if n, err := m.RevokeUser(t.Context(), "ada", devices[2].handle()); n != 4 || err != nil {
			t.Errorf("all but one: %d, %v; want 4", n, err)
		}
		for i, b := range devices {
			if want := map[bool]string{true: "ada"}[i == 2]; b.user() != want {
				t.Errorf("device %d: user %q, want %q", i, b.user(), want)
			}
		}
		if n, err := m.RevokeUser(t.Context(), "ada"); n != 1 || err != nil {
			t.Errorf("all: %d, %v; want 1", n, err)
		}
		if n, err := m.RevokeUser(t.Context(), ""); n != 0 || err != nil {
			t.Errorf("nobody's: %d, %v; want 0", n, err)
		}
		if devices[2].user() != "" || alan.user() != "alan" || get(visitor, note) != "x" {
			t.Error("the wrong sessions have ended")
		}
	})
}

// Signing out twice, or without a session, is no error and costs nothing.
//
// Rows: A12
func TestSignOutTwiceIsNoError(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	b := newBrowser(t, m)
	out := func(s *session.Session) {
		if err := errors.Join(s.SignOut(), s.SignOut()); err != nil {
			t.Errorf("sign out: %v", err)
		}
	}
	if a := b.with(out); len(a.setCookies()) != 0 || st.count() != 0 {
		t.Errorf("signing out a stranger set %d cookies and made %d calls", len(a.setCookies()), st.count())
	}
	b.signIn("ada")
	b.with(out)
	if existed, err := m.Revoke(t.Context(), store.ID{}); existed || err != nil {
		t.Errorf("revoking the zero handle: %v, %v", existed, err)
	}
}

// What is set after sign-out in the same request begins a new session, which has nothing of the old one.
//
// Rows: A12, A1
func TestSetAfterSignOutStartsANewSession(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		b := newBrowser(t, m)
		b.signIn("ada")
		set(b, cart, []string{"tea"})
		old := b.copied()
		a := b.with(func(s *session.Session) {
			if err := errors.Join(s.SignOut(), note.Set(s, "good bye")); err != nil {
				t.Error(err)
			}
		})
		if ticketOf(t, a) == old.ticket() {
			t.Error("the new session has the old ticket")
		}
		if get(b, note) != "good bye" || len(get(b, cart)) != 0 || b.user() != "" || old.user() != "" {
			t.Error("the new session is not a fresh one of a visitor")
		}
		if n := rows(t, st); n != 1 {
			t.Errorf("%d records, want 1", n)
		}
	})
}

// An end goes through even if the client that asked for it has hung up: whether it happens must not depend on that.
//
// Rows: R3
func TestSignOutSurvivesAClientThatHungUp(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/logout", nil)
	if err != nil {
		t.Fatal(err)
	}
	b.send(r, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		if err := session.From(r.Context()).SignOut(); err != nil {
			t.Errorf("sign out: %v", err)
		}
	})
	if n := rows(t, st); n != 0 {
		t.Errorf("%d records, want none", n)
	}
}
