package session_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A gatekeeper is a guard that does what the header Gate of a request says, and notes in the state who began what.
type gatekeeper struct{}

func (gatekeeper) Wrap(m *session.Manager, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gate" {
			w.Header().Set("Gate-User", m.From(r.Context()).User())
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (gatekeeper) Cookie() string { return "" }

func (gatekeeper) Admit(r *http.Request, _ cookie.Found, _, state string, _ time.Time) *session.Verdict {
	switch order := r.Header.Get("Gate"); {
	case order == "away":
		tell := func(h http.Header) { h.Set("Gate", "told") }
		return &session.Verdict{Kind: event.Unproven, Reason: "away", Tell: tell}
	case order == "later":
		return &session.Verdict{Kind: event.BindingSkipped, Reason: "later", Unavailable: true}
	case order == "count" || order == "once" && !strings.Contains(state, "+"):
		return &session.Verdict{Change: func(state string, _ time.Time) (string, error) { return state + "+", nil }}
	}
	return nil
}

func (gatekeeper) Begin(_ *http.Request, user, state string, _ time.Time) (string, func(http.Header)) {
	return state + "(" + user + ")", func(h http.Header) { h.Set("Gate", "begun") }
}

func (gatekeeper) End(h http.Header) { h.Set("Gate", "ended") }

// ordered sends a request with an order to the gatekeeper.
func (b *browser) ordered(order string, fn func(*session.Session)) *answer {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Gate", order)
	return b.send(r, func(_ http.ResponseWriter, r *http.Request) { fn(session.From(r.Context())) })
}

// stateOf returns what the guard keeps of a session.
func stateOf(t *testing.T, m *session.Manager, handle store.ID) (state string) {
	t.Helper()
	err := m.ChangeGuard(t.Context(), handle, func(is string, _ time.Time) (string, error) {
		state = is
		return is, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// The guard hears of each beginning and of the end, and its state goes along with a step-up.
func TestGuardThroughTheLifeOfASession(t *testing.T) {
	onEveryStore(t, session.Options{Guard: gatekeeper{}}, func(t *testing.T, m *session.Manager, _ store.Store) {
		b := newBrowser(t, m)
		set(b, session.NewKey[int]("n", session.Carry), 1)
		if visitor := b.handle(); stateOf(t, m, visitor) != "" {
			t.Error("the session of a visitor has a state")
		}
		said := func(want string, fn func(*session.Session) error) {
			t.Helper()
			a := b.with(func(s *session.Session) {
				if err := fn(s); err != nil {
					t.Error(err)
				}
			})
			if got := a.header.Get("Gate"); got != want {
				t.Errorf("the guard says %q, want %q", got, want)
			}
		}
		said("begun", func(s *session.Session) error { return s.SignIn("ada") })
		said("begun", func(s *session.Session) error { return s.StepUp() })
		if got := stateOf(t, m, b.handle()); got != "(ada)(ada)" {
			t.Errorf("after a step-up the state is %q", got)
		}
		said("begun", func(s *session.Session) error { return s.SignIn("eve") })
		if got := stateOf(t, m, b.handle()); got != "(eve)" {
			t.Errorf("after another sign-in the state is %q", got)
		}
		if a := b.send(httptest.NewRequest("GET", "/gate", nil), http.NotFound); a.header.Get("Gate-User") != "eve" {
			t.Error("an address of the guard's own is not answered by it, or without the session")
		}
		handle := b.handle()
		said("ended", func(s *session.Session) error { return s.SignOut() })
		err := m.ChangeGuard(t.Context(), handle, func(string, time.Time) (string, error) { return "back", nil })
		if !errors.Is(err, session.ErrEnded) {
			t.Errorf("the state of a session that has ended: %v", err)
		}
	})
}

// Whom the guard does not let in is a visitor, whose requests change nothing of the session and keep its ticket. But
// they can end it.
func TestGuardTurnsAway(t *testing.T) {
	var events recorder
	o := asleep(session.Options{Guard: gatekeeper{}, Events: event.NewQueue(events.observe)})
	m := newManager(t, newFaultStore(), o)
	b := newBrowser(t, m)
	handle, ticket := b.signIn("ada"), b.ticket()
	a := b.ordered("away", func(s *session.Session) {
		if s.SignedIn() || s.Unknown() || !s.Handle().IsZero() {
			t.Error("it is let in")
		}
		_ = session.NewKey[string]("note").Set(s, "from outside")
	})
	if a.status != http.StatusOK || a.header.Get("Gate") != "told" || b.ticket() != ticket {
		t.Errorf("%d, the guard says %q, and sets %v", a.status, a.header.Get("Gate"), a.setCookies())
	}
	a = b.ordered("later", func(*session.Session) { t.Error("it is let in") })
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || b.ticket() != ticket {
		t.Errorf("where the guard cannot tell: %d, %v", a.status, a.header)
	}
	if b.handle() != handle || get(b, session.NewKey[string]("note")) != "" {
		t.Error("the session has ended, or was changed from outside")
	}
	thief := b.copied()
	b.ordered("away", func(s *session.Session) { must(t, s.SignOut()) })
	if b.ticket() != "" || thief.user() != "" {
		t.Error("a sign-out from outside ends nothing")
	}
	events.the(t, m, event.SignedOut)
	found := map[string]bool{}
	for _, e := range events.all(t, m) {
		if e.Handle == handle && e.User == "ada" {
			found[string(e.Kind)+" "+e.Reason] = true
		}
	}
	if !found[string(event.Unproven)+" away"] || !found[string(event.BindingSkipped)+" later"] {
		t.Errorf("events %v", found)
	}
}

// What the guard changes and what handlers save at the same time are both there afterwards.
func TestGuardsChangesMeetOthers(t *testing.T) {
	onEveryStore(t, session.Options{Guard: gatekeeper{}}, func(t *testing.T, m *session.Manager, _ store.Store) {
		hits := session.NewKey[int]("hits")
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		const requests = 32
		var group sync.WaitGroup
		for range requests {
			c := b.copied()
			group.Go(func() {
				c.ordered("once", func(s *session.Session) {
					if err := hits.Update(s, func(n int) int { return n + 1 }); err != nil {
						t.Error(err)
					}
				})
			})
		}
		group.Wait()
		if got := stateOf(t, m, handle); !strings.HasPrefix(got, "(ada)+") {
			t.Errorf("the state is %q", got)
		}
		if got := get(b, hits); got != requests {
			t.Errorf("%d changes were saved, want %d", got, requests)
		}
		before := stateOf(t, m, handle)
		for range 3 {
			b.ordered("count", func(s *session.Session) {
				if s.User() != "ada" {
					t.Error("it is not let in")
				}
			})
		}
		if got := stateOf(t, m, handle); got != before+"+++" {
			t.Errorf("after three more the state is %q", got)
		}
	})
}

// A store that is down is no way around the guard, also where the last known state is good enough.
func TestGuardDuringAnOutage(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{
		Guard: gatekeeper{}, OnFailure: func(*http.Request) session.Failure { return session.Stale(time.Minute) },
	})
	b := newBrowser(t, m)
	b.signIn("ada")
	b.handle()
	st.down()
	if got := b.user(); got != "ada" {
		t.Fatalf("what the guard lets in is of %q: this proves nothing", got)
	}
	for _, order := range []string{"away", "later"} {
		a := b.ordered(order, func(*session.Session) { t.Error("it is let in") })
		if a.status != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", order, a.status)
		}
	}
}
