package session_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/internal/oncestore"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A biography is one visitor's, from a full cart to sign-out. Each step is tried until it is acknowledged, as people
// do.
type biography struct {
	t       *testing.T
	b       *browser
	tickets []string // that the browser ever had
	what    string
}

// step has a request made until its answer is good.
func (l *biography) step(name string, do func(s *session.Session) error) {
	l.t.Helper()
	for range 4 {
		var failed error
		a := l.b.visit(func(w http.ResponseWriter, r *http.Request) {
			if failed = do(session.From(r.Context())); failed != nil {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		l.tickets = append(l.tickets, l.b.ticket())
		switch a.status {
		case http.StatusOK:
			return
		case http.StatusServiceUnavailable:
			time.Sleep(10 * time.Second)
		default:
			l.t.Fatalf("%s: %s: status %d %s", l.what, name, a.status, a.body)
		}
	}
	l.t.Fatalf("%s: %s: no good answer in four tries", l.what, name)
}

var (
	eachCart = session.NewKey[[]string]("cart", session.Carry)
	eachNote = session.NewKey[string]("note")
)

// is has a request find the user signed in with all that was acknowledged.
func (l *biography) is(user, note string) func(s *session.Session) error {
	return func(s *session.Session) error {
		if s.User() != user || eachNote.Get(s) != note {
			l.t.Errorf("%s: user %q with note %q, want %q with %q", l.what, s.User(), eachNote.Get(s), user, note)
		}
		return nil
	}
}

// Whichever single call of the store fails, and whether or not it was carried out: nobody is signed out by it, nothing
// that was acknowledged is lost, and a sign-out that was acknowledged is one.
//
// Rows: I1, I2, I4, I10
func TestAnySingleCallMayFail(t *testing.T) {
	for _, done := range []bool{false, true} {
		for nth, failed := 1, ""; nth == 1 || failed != ""; nth++ {
			synctest.Test(t, func(t *testing.T) { failed = liveWithFault(t, nth, done) })
		}
	}
}

// liveWithFault returns which call has failed, "" if there are not so many.
func liveWithFault(t *testing.T, nth int, done bool) string {
	st := &oncestore.Store{Store: memory.New(), Nth: nth, Done: done}
	m := newManager(t, st, session.Options{})
	l := &biography{t: t, b: newBrowser(t, m), what: fmt.Sprintf("call %d (done: %v)", nth, done)}
	defer func() { l.what += " " + st.Failed(); t.Log(l.what) }()
	l.step("fill the cart", func(s *session.Session) error { return eachCart.Set(s, []string{"tea"}) })
	l.step("sign in", func(s *session.Session) error { return s.SignIn("ada", session.By("password")) })
	l.step("look", l.is("ada", ""))
	l.step("write", func(s *session.Session) error { return eachNote.Set(s, "one") })
	l.step("look", l.is("ada", "one"))
	l.step("step up", func(s *session.Session) error { return s.StepUp(session.By("passkey")) })
	l.step("look", l.is("ada", "one"))
	for range 3 { // rotations
		time.Sleep(31 * time.Minute)
		l.step("look", l.is("ada", "one"))
		l.step("look again", l.is("ada", "one"))
	}
	l.step("write and step up", func(s *session.Session) error {
		if err := eachNote.Set(s, "two"); err != nil {
			return err
		}
		return s.StepUp(session.By("passkey"))
	})
	l.step("look", l.is("ada", "two"))
	l.step("end the others", func(s *session.Session) error {
		_, err := m.RevokeUser(t.Context(), "ada", s.Handle())
		return err
	})
	l.step("look", l.is("ada", "two"))
	l.step("have another one write", func(s *session.Session) error {
		return m.Update(t.Context(), s.Handle(), func(s *session.Session) error { return eachNote.Set(s, "three") })
	})
	l.step("look", l.is("ada", "three"))
	l.step("be signed out by a switch", func(*session.Session) error {
		return m.RevokeUserBefore(t.Context(), "ada", time.Now())
	})
	l.step("look", l.is("", ""))
	l.step("sign in", func(s *session.Session) error { return s.SignIn("ada", session.Remember) })
	l.step("look", l.is("ada", ""))
	l.step("sign out", func(s *session.Session) error { return s.SignOut() })
	slices.Sort(l.tickets)
	for _, ticket := range slices.Compact(l.tickets) {
		if ticket == "" {
			continue
		}
		thief := newBrowser(t, m)
		thief.setTicket(ticket)
		thief.with(func(s *session.Session) {
			if s.SignedIn() {
				t.Errorf("%s: a ticket of %s is good after sign-out", l.what, strings.Clone(s.User()))
			}
		})
	}
	return st.Failed()
}

// A step-up whose answer was lost is acknowledged only if it lasts: a store that waits for replicas in vain shows what
// it has not kept yet. A store of two steps that was cut off between them still has the session of before.
//
// Rows: I1, I2
func TestALostAnswerIsAcknowledgedIfItLasts(t *testing.T) {
	for name, c := range map[string]struct {
		cutOff []string
		both   bool // Create leaves the record that it replaces
		good   bool
	}{
		"answer lost":          {[]string{"Create"}, false, true},
		"after one step":       {[]string{"Create"}, true, true},
		"no writes confirmed":  {[]string{"Create", "Save", "Delete"}, false, false},
		"no removal confirmed": {[]string{"Create", "Delete"}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			st := &halfStore{faultStore: newFaultStore()}
			m := newManager(t, st, session.Options{})
			b := newBrowser(t, m)
			b.signIn("ada")
			before := b.copied()
			for _, method := range c.cutOff {
				st.cutOff(method)
			}
			st.both = c.both
			var err error
			a := b.with(func(s *session.Session) { err = s.StepUp() })
			st.both = false
			st.up()
			if (err == nil) != c.good || (len(a.setCookies()) > 0) != c.good {
				t.Fatalf("step-up: %v, cookies %q", err, a.setCookies())
			}
			if c.good {
				b.with(func(s *session.Session) { err = eachNote.Set(s, "goes on") })
				if err != nil || b.user() != "ada" || get(b, eachNote) != "goes on" || before.user() != "" {
					t.Errorf("%v, then %q, and by the old ticket %q", err, b.user(), before.user())
				}
			}
		})
	}
}

// halfStore may be cut off when it has created a record and not yet deleted the one that it replaces.
type halfStore struct {
	*faultStore
	both bool
}

func (s *halfStore) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if s.both {
		replaces = store.ID{}
	}
	return s.faultStore.Create(ctx, r, replaces)
}
