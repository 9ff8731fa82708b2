package session_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// guarded asks a handler behind a guard and returns the status; 204 is the handler's own.
func guarded(b *browser, guard func(http.Handler) http.Handler) int {
	return b.visit(guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})).ServeHTTP).status
}

func stepUp(b *browser, options ...session.SignInOption) {
	b.t.Helper()
	b.with(func(s *session.Session) {
		if err := s.StepUp(options...); err != nil {
			b.t.Errorf("step up: %v", err)
		}
	})
}

// RequireRecent is exact: until d after the last proof, and not later; StepUp is a new proof.
//
// Rows: ASVS 7.5.1, ASVS 7.5.3, N7
func TestRequireRecentIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), asleep(session.Options{RotateEvery: -1}))
		recent := func(next http.Handler) http.Handler { return m.RequireRecent(10*time.Minute, next) }
		b := newBrowser(t, m)
		if got := guarded(b, recent); got != http.StatusUnauthorized {
			t.Errorf("a stranger is answered %d", got)
		}
		b.signIn("ada")
		time.Sleep(10*time.Minute - time.Microsecond)
		if got := guarded(b, recent); got != http.StatusNoContent {
			t.Errorf("just before ten minutes: %d", got)
		}
		time.Sleep(time.Microsecond)
		if got := guarded(b, recent); got != http.StatusUnauthorized {
			t.Errorf("after ten minutes: %d", got)
		}
		b.user()
		set(b, note, "use is no proof")
		if got := guarded(b, recent); got != http.StatusUnauthorized {
			t.Errorf("use counts as proof: %d", got)
		}
		stepUp(b)
		if got := guarded(b, recent); got != http.StatusNoContent {
			t.Errorf("after step-up: %d", got)
		}
	})
}

// RequireLevel asks for the level of a proof that was given.
//
// Rows: ASVS 7.5.3, N7
func TestRequireLevelWantsTheLevelOfAProof(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	for _, c := range []struct {
		level, stepUp, want int // 0: not given
		status              int
	}{
		{0, 0, 1, http.StatusNoContent},
		{0, 0, 2, http.StatusUnauthorized},
		{2, 0, 2, http.StatusNoContent},
		{3, 0, 2, http.StatusNoContent},
		{1, 2, 2, http.StatusNoContent},
		{1, 2, 3, http.StatusUnauthorized},
		{2, 1, 2, http.StatusNoContent},
	} {
		t.Run(fmt.Sprintf("signed in at %d, step-up %d, wanted %d", c.level, c.stepUp, c.want), func(t *testing.T) {
			b := newBrowser(t, m)
			var options []session.SignInOption
			if c.level != 0 {
				options = append(options, session.Level(c.level))
			}
			b.signIn("ada", options...)
			if c.stepUp != 0 {
				stepUp(b, session.Level(c.stepUp))
			}
			if got := guarded(b, func(next http.Handler) http.Handler {
				return m.RequireLevel(c.want, next)
			}); got != c.status {
				t.Errorf("%d, want %d", got, c.status)
			}
		})
	}
}

// Step-up is a change of privilege: new ticket, new handle, the old ones dead; all values stay, and the absolute end
// too.
//
// Rows: A1, C4, ASVS 7.2.4
func TestStepUpChangesTheTicket(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		b := newBrowser(t, m)
		first := b.signIn("ada", session.By("password"), session.Remember)
		set(b, note, "kept")
		var before, after session.Info
		b.with(func(s *session.Session) { before, _ = s.Info() })
		old := b.copied()
		stepUp(b, session.By("passkey"), session.Level(2)) // without Remember, which changes nothing here
		b.with(func(s *session.Session) {
			after, _ = s.Info()
			auth := s.Auth()
			if len(auth) != 2 || auth[0].Method != "password" || auth[1].Method != "passkey" || auth[1].Level != 2 ||
				auth[0].Level != 1 {
				t.Errorf("proofs %+v", auth)
			}
		})
		if after.Handle == first || old.user() != "" || b.user() != "ada" || get(b, note) != "kept" ||
			rows(t, st) != 1 {
			t.Error("ticket, handle or values are not as after a step-up")
		}
		if !after.ExpiresAt.Equal(before.ExpiresAt) || !after.CreatedAt.Equal(before.CreatedAt) ||
			after.Remember != before.Remember {
			t.Errorf("step-up moved the times: %+v, before %+v", after, before)
		}
	})
}

// What cannot step up: strangers, visitors, ended sessions, and responses that have begun.
//
// Rows: A1, A15
func TestStepUpNeedsALiveSession(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		refused := func(want error) func(*session.Session) {
			return func(s *session.Session) {
				if err := s.StepUp(); !errors.Is(err, want) {
					t.Errorf("step up: %v, want %v", err, want)
				}
			}
		}
		newBrowser(t, m).with(refused(session.ErrEnded))
		visitor := newBrowser(t, m)
		set(visitor, note, "x")
		visitor.with(refused(session.ErrEnded))

		b := newBrowser(t, m)
		handle := b.signIn("ada")
		slow := b.copied().begin(nothing, refused(session.ErrEnded))
		if _, err := m.Revoke(t.Context(), handle); err != nil {
			t.Fatal(err)
		}
		if a := slow.end(); len(a.setCookies()) != 0 || rows(t, st) != 1 {
			t.Errorf("a step-up brought a revoked session back: %s, %d records", describe(a), rows(t, st))
		}
		b.signIn("ada")
		b.visit(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			refused(session.ErrTooLate)(session.From(r.Context()))
		})
	})
}

// A new sign-in forgets the proofs of the session before, also of the same user.
//
// Rows: N7
func TestSignInStartsWithItsOwnProof(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada", session.Level(3))
	for _, user := range []string{"ada", "alan"} {
		b.signIn(user)
		b.with(func(s *session.Session) {
			if auth := s.Auth(); len(auth) != 1 || auth[0].Level != 1 {
				t.Errorf("proofs %+v after a sign-in as %s", auth, user)
			}
		})
	}
}

// No number of step-ups makes a record grow without end.
//
// Rows: I9
func TestProofsAreBounded(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	for range 20 {
		stepUp(b, session.By("passkey"))
	}
	b.with(func(s *session.Session) {
		if n := len(s.Auth()); n != store.MaxAuths {
			t.Errorf("%d proofs, want %d", n, store.MaxAuths)
		}
	})
}

// Somebody who has to prove more is sent where they can, and comes back.
//
// Rows: ASVS 7.5.1
func TestRequireRecentAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), asleep(session.Options{SignInPath: "/login"}))
		b := newBrowser(t, m)
		b.signIn("ada")
		time.Sleep(time.Minute)
		r := httptest.NewRequest(http.MethodGet, "/email?x=1", nil)
		r.Header.Set("Accept", "text/html")
		a := b.send(r, m.RequireRecent(time.Second, http.NotFoundHandler()).ServeHTTP)
		if a.status != http.StatusSeeOther || a.header.Get("Location") != "/login?return_to=%2Femail%3Fx%3D1" {
			t.Errorf("answer %s", describe(a))
		}
	})
}

// A sign-out that runs while another tab steps up ends what the step-up has made: the user has clicked "log out".
//
// Rows: A15, R3, I1
func TestSignOutWinsOverStepUp(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		b := newBrowser(t, m)
		b.signIn("ada")
		tab := b.copied()
		b.with(func(s *session.Session) {
			stepUp(tab)
			if err := s.SignOut(); err != nil {
				t.Errorf("sign out: %v", err)
			}
		})
		if tab.user() != "" || rows(t, st) != 0 {
			t.Errorf("user %q is signed in after the sign-out, %d records", tab.user(), rows(t, st))
		}
	})
}

// Only the user's own: who has signed in as somebody else meanwhile stays signed in.
//
// Rows: A12
func TestSignOutSparesAnotherUser(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		b := newBrowser(t, m)
		b.signIn("ada")
		tab := b.copied()
		b.with(func(s *session.Session) {
			tab.signIn("alan")
			if err := s.SignOut(); err != nil {
				t.Errorf("sign out: %v", err)
			}
		})
		if tab.user() != "alan" {
			t.Errorf("user %q, want alan", tab.user())
		}
	})
}
