package session_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// Whoever has a handle changes the values of its session, a user's or a visitor's, and its browser sees them with the
// next request. That is no use of the session.
//
// Rows: A16, I3
func TestUpdateChangesAnotherSession(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		ada, visitor := newBrowser(t, m), newBrowser(t, m)
		set(visitor, note, "before")
		for who, b := range map[string]*browser{"ada": ada, "": visitor} {
			if who != "" {
				b.signIn(who)
			}
			handle := b.handle()
			before, err := st.Load(t.Context(), handle)
			if err != nil {
				t.Fatal(err)
			}
			err = m.Update(t.Context(), handle, func(s *session.Session) error {
				if s.User() != who || s.Handle() != handle {
					t.Errorf("fn has the session %v of %q", s.Handle(), s.User())
				}
				return errors.Join(note.Set(s, "after"), appendTo(cart, s, "tea"))
			})
			if err != nil {
				t.Error(err)
			}
			after, err := st.Load(t.Context(), handle)
			if err != nil || !after.LastSeen.Equal(before.LastSeen) || after.Version != before.Version+1 {
				t.Errorf("seen %v, version %d, %v; before %v, %d", after.LastSeen, after.Version, err,
					before.LastSeen, before.Version)
			}
			if n, items := get(b, note), get(b, cart); n != "after" || len(items) != 1 {
				t.Errorf("%q sees note %q and cart %v", who, n, items)
			}
		}
	})
}

// An Update and a request that runs meanwhile lose nothing of each other's, by the rules of each key.
//
// Rows: A16, R4, I3
func TestUpdateMergesWithARunningRequest(t *testing.T) {
	hits := session.NewKey[int]("hits", session.Counter)
	strict := session.NewKey[int]("strict", session.Reject)
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		slow := b.copied().begin(func(s *session.Session) {
			_, _ = hits.Set(s, 5), appendTo(cart, s, "tea")
		}, nothing)
		var running *slowVisit
		err := m.Update(t.Context(), handle, func(s *session.Session) error {
			running = b.copied().begin(nothing, func(s *session.Session) { _ = note.Set(s, "theirs") })
			running.end() // saved between the load and the save of Update
			return errors.Join(hits.Set(s, 2), appendTo(cart, s, "cups"))
		})
		if err != nil {
			t.Error(err)
		}
		slow.end()
		if h, items, n := get(b, hits), get(b, cart), get(b, note); h != 7 || len(items) != 2 || n != "theirs" {
			t.Errorf("hits %d, cart %v, note %q", h, items, n)
		}
		err = m.Update(t.Context(), handle, func(s *session.Session) error {
			set(b, strict, 1)
			return strict.Set(s, 2)
		})
		if !errors.Is(err, session.ErrConflict) || get(b, strict) != 1 {
			t.Errorf("error %v, value %d: want a conflict, and what was there", err, get(b, strict))
		}
	})
}

// A session that has ended, or ends while fn runs, is not brought back by Update, and its caller is told.
//
// Rows: A15, R3, I1, ASVS 7.4.1
func TestUpdateRevivesNothing(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		late := func(s *session.Session) error { return note.Set(s, "late") }
		for _, end := range ends {
			b := newBrowser(t, m)
			handle := b.signIn("ada")
			err := m.Update(t.Context(), handle, func(s *session.Session) error {
				end.do(t, m, b, handle)
				return late(s)
			})
			if !errors.Is(err, session.ErrEnded) {
				t.Errorf("%s while fn runs: %v, want ErrEnded", end.name, err)
			}
			err = m.Update(t.Context(), handle, func(*session.Session) error {
				t.Errorf("%s before: fn is called", end.name)
				return nil
			})
			if !errors.Is(err, session.ErrEnded) {
				t.Errorf("%s before: %v, want ErrEnded", end.name, err)
			}
			if n := rows(t, st); n != 0 {
				t.Errorf("%s: %d records, want none", end.name, n)
			}
		}
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		if err := m.RevokeBefore(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := m.Update(t.Context(), handle, late); !errors.Is(err, session.ErrEnded) {
			t.Errorf("cut off: %v, want ErrEnded", err)
		}
		if err := m.Update(t.Context(), store.NewID(), late); !errors.Is(err, session.ErrEnded) {
			t.Errorf("never was: %v, want ErrEnded", err)
		}
	})
	inBubble(t, "expired", func(t *testing.T) {
		m := newManager(t, newFaultStore(), asleep(session.Options{IdleTimeout: time.Hour}))
		handle := newBrowser(t, m).signIn("ada")
		time.Sleep(time.Hour)
		if err := m.Update(t.Context(), handle, func(*session.Session) error { return nil }); !errors.Is(
			err, session.ErrEnded) {
			t.Errorf("%v, want ErrEnded", err)
		}
	})
}

// What fails is an error, and changes nothing; a store that cannot tell says nothing of the session.
//
// Rows: I2, I10
func TestUpdateFailsWhole(t *testing.T) {
	var events recorder
	st := newFaultStore()
	m := newManager(t, st, session.Options{Events: event.NewQueue(events.observe)})
	b := newBrowser(t, m)
	handle := b.signIn("ada")
	no := errors.New("no")
	err := m.Update(t.Context(), handle, func(s *session.Session) error { return errors.Join(note.Set(s, "x"), no) })
	if !errors.Is(err, no) || get(b, note) != "" {
		t.Errorf("error %v, note %q", err, get(b, note))
	}
	func() {
		defer func() {
			if recover() != "mine" {
				t.Error("the panic of fn did not reach its caller")
			}
		}()
		_ = m.Update(t.Context(), handle, func(s *session.Session) error { _ = note.Set(s, "x"); panic("mine") })
	}()
	for _, method := range []string{"Load", "Save"} {
		st.down(method)
		err := m.Update(t.Context(), handle, func(s *session.Session) error { return note.Set(s, "x") })
		if err == nil || errors.Is(err, session.ErrEnded) {
			t.Errorf("%s fails: %v", method, err)
		}
		st.up()
	}
	if n := get(b, note); n != "" {
		t.Errorf("note %q", n)
	}
}

// In Update nobody is signed in or out: no browser is there to be told.
//
// Rows: A10
func TestUpdateHasNoBrowser(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	b := newBrowser(t, m)
	handle := b.signIn("ada")
	err := m.Update(t.Context(), handle, func(s *session.Session) error {
		for what, err := range map[string]error{
			"sign in": s.SignIn("eve"), "step up": s.StepUp(), "sign out": s.SignOut(),
		} {
			if !errors.Is(err, session.ErrTooLate) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if to, err := s.HandOver("/done"); to != "/done" || err != nil {
			t.Errorf("hand over: %q, %v", to, err)
		}
		return nil
	})
	if err != nil || b.user() != "ada" || b.handle() != handle {
		t.Errorf("error %v; the session is %v of %q", err, b.handle(), b.user())
	}
}

// A sign-in may say when its session ends at the latest. Nothing prolongs it: no use, no step-up, and no later word.
//
// Rows: I11, ASVS 7.1.1, ASVS 7.3.2
func TestUntilEndsTheSession(t *testing.T) {
	for _, c := range []struct {
		name  string
		until time.Duration // of the sign-in
		then  func(t *testing.T, m *session.Manager, b *browser)
		want  time.Duration
	}{
		{"sign-in", 30 * time.Minute, nil, 30 * time.Minute},
		{"no longer than the limit", 90 * 24 * time.Hour, nil, 24 * time.Hour},
		{"none", 0, nil, 24 * time.Hour},
		{"a step-up does not prolong it", 30 * time.Minute, func(t *testing.T, _ *session.Manager, b *browser) {
			b.with(func(s *session.Session) { must(t, s.StepUp(session.Until(time.Now().Add(time.Hour)))) })
		}, 30 * time.Minute},
		{"a step-up shortens it", 0, func(t *testing.T, _ *session.Manager, b *browser) {
			b.with(func(s *session.Session) { must(t, s.StepUp(session.Until(time.Now().Add(time.Hour)))) })
		}, time.Hour},
		{"another sign-in begins anew", 30 * time.Minute, func(_ *testing.T, _ *session.Manager, b *browser) {
			b.signIn("ada")
		}, 24 * time.Hour},
		{"later", 0, func(t *testing.T, _ *session.Manager, b *browser) {
			b.with(func(s *session.Session) {
				must(t, s.Until(time.Now().Add(time.Hour)))
				must(t, s.Until(time.Now().Add(2*time.Hour)))
				if info, _ := s.Info(); !info.ExpiresAt.Equal(time.Now().Add(time.Hour)) {
					t.Errorf("the request sees the end %v", info.ExpiresAt)
				}
			})
		}, time.Hour},
		{"later, and a step-up", 0, func(t *testing.T, _ *session.Manager, b *browser) {
			b.with(func(s *session.Session) {
				must(t, s.Until(time.Now().Add(time.Hour)))
				must(t, s.StepUp())
			})
		}, time.Hour},
		{"from outside", 0, func(t *testing.T, m *session.Manager, b *browser) {
			must(t, m.Update(t.Context(), b.handle(), func(s *session.Session) error {
				return s.Until(time.Now().Add(time.Hour))
			}))
		}, time.Hour},
		{"while a request runs", 0, func(t *testing.T, _ *session.Manager, b *browser) {
			slow := b.copied().begin(func(s *session.Session) { _ = note.Set(s, "x") }, nothing)
			b.with(func(s *session.Session) { must(t, s.Until(time.Now().Add(time.Hour))) })
			slow.end()
		}, time.Hour},
		{"over a request that runs", 0, func(t *testing.T, _ *session.Manager, b *browser) {
			slow := b.copied().begin(func(s *session.Session) { must(t, s.Until(time.Now().Add(time.Hour))) }, nothing)
			set(b, note, "x")
			slow.end()
		}, time.Hour},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			m := newManager(t, newFaultStore(), asleep(session.Options{IdleTimeout: 100 * 24 * time.Hour}))
			b, began := newBrowser(t, m), time.Now()
			var until time.Time
			if c.until != 0 {
				until = began.Add(c.until)
			}
			b.signIn("ada", session.Until(until))
			if c.then != nil {
				c.then(t, m, b)
			}
			list, err := m.List(t.Context(), "ada")
			if err != nil || len(list) != 1 || !list[0].Ends().Equal(began.Add(c.want)) {
				t.Errorf("listed %+v, %v", list, err)
			}
			time.Sleep(c.want - time.Microsecond)
			if b.user() != "ada" {
				t.Error("it has ended before its time")
			}
			time.Sleep(time.Microsecond)
			if b.user() != "" {
				t.Error("it goes on after its time")
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// A visitor's session has an end as well, together with the values that make it one.
//
// Rows: I11
func TestUntilEndsAVisitorsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), asleep(session.Options{}))
		b := newBrowser(t, m)
		b.with(func(s *session.Session) {
			must(t, s.Until(time.Now().Add(time.Minute)))
			must(t, note.Set(s, "x"))
		})
		time.Sleep(time.Minute - time.Microsecond)
		if get(b, note) != "x" {
			t.Error("it has ended before its time")
		}
		time.Sleep(time.Microsecond)
		if get(b, note) != "" {
			t.Error("it goes on after its time")
		}
		stranger := newBrowser(t, m)
		if a := stranger.with(func(s *session.Session) { must(t, s.Until(time.Now().Add(time.Hour))) }); len(
			a.setCookies()) != 0 {
			t.Errorf("an end alone begins a session: %s", describe(a))
		}
	})
}

// An end that is not ahead is refused, and then nothing has happened: it is a mistake, or a sign-out.
//
// Rows: I11
func TestUntilHasToBeAhead(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	b := newBrowser(t, m)
	handle := b.signIn("ada")
	for _, past := range []time.Time{time.Now(), time.Now().Add(-time.Hour), time.Unix(0, 0)} {
		b.with(func(s *session.Session) {
			for what, err := range map[string]error{
				"sign in": s.SignIn("eve", session.Until(past)), "step up": s.StepUp(session.Until(past)),
				"until": s.Until(past),
			} {
				if err == nil {
					t.Errorf("%s until %v is no error", what, past)
				}
			}
		})
	}
	if b.user() != "ada" || b.handle() != handle {
		t.Errorf("the session is %v of %q", b.handle(), b.user())
	}
}

// A remembered cookie is kept no longer than the session lasts.
//
// Rows: N5
func TestCookieEndsWithItsSession(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	a := newBrowser(t, m).with(func(s *session.Session) {
		must(t, s.SignIn("ada", session.Remember, session.Until(time.Now().Add(time.Hour))))
	})
	if attributes := attributesOf(a.setCookies()[0]); attributes["max-age"] != "3600" {
		t.Errorf("cookie %q, want one of an hour", a.setCookies())
	}
}

// A stream ends with its session although that was given another end after the stream began, here or on another node.
//
// Rows: A42, I11
func TestDoneClosesAtAnEndThatWasBroughtForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		here, there := newManager(t, st, asleep(session.Options{})), newManager(t, st, asleep(session.Options{}))
		b := newBrowser(t, here)
		handle := b.signIn("ada")
		elsewhere := newBrowser(t, there)
		elsewhere.setTicket(b.ticket())
		near, far := openStream(t, b), openStream(t, elsewhere)
		time.Sleep(time.Minute)
		must(t, here.Update(t.Context(), handle, func(s *session.Session) error {
			return s.Until(time.Now().Add(10 * time.Second))
		}))
		time.Sleep(10*time.Second - time.Microsecond)
		if near.over() || far.over() {
			t.Error("a stream ended before the session")
		}
		time.Sleep(time.Microsecond)
		if !near.over() || !far.over() {
			t.Error("a stream goes on after its session")
		}
		near.hangUp()
		far.hangUp()
	})
}

// An outage leaves a request with its end as with its values.
//
// Rows: I2, I10
func TestUntilThatCannotBeSaved(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	st.down("Save")
	a := b.with(func(s *session.Session) {
		must(t, s.Until(time.Now().Add(time.Hour)))
		if err := s.Save(); err == nil {
			t.Error("saved")
		}
		if info, _ := s.Info(); time.Until(info.ExpiresAt) < 2*time.Hour {
			t.Errorf("the request sees the end %v, which is not saved", info.ExpiresAt)
		}
		must(t, s.Until(time.Now().Add(time.Hour)))
	})
	if a.status != http.StatusServiceUnavailable {
		t.Errorf("answer %s", describe(a))
	}
}
