package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// asleep are options under which nothing but the check at each read ends a session.
func asleep(o session.Options) session.Options {
	o.SweepInterval = -1
	return o
}

// Expiry is exact, with the sweeper stopped: a session is good until the last microsecond, and refused from then on.
//
// Rows: R7, I11, C5, ASVS 7.3.1, ASVS 7.3.2, N4
func TestExpiryIsExactToTheSecond(t *testing.T) {
	for _, c := range []struct {
		name     string
		o        session.Options
		remember bool
		every    time.Duration // the session is used so often; 0 is never
		ends     time.Duration
	}{
		{"idle, default", session.Options{}, false, 0, time.Hour},
		{"absolute, default", session.Options{}, false, 20 * time.Minute, 24 * time.Hour},
		{"idle, remembered", session.Options{}, true, 0, 14 * 24 * time.Hour},
		{"absolute, remembered", session.Options{}, true, 5 * 24 * time.Hour, 30 * 24 * time.Hour},
		{"idle, own", session.Options{IdleTimeout: time.Minute}, false, 0, time.Minute},
		{"absolute, own", session.Options{IdleTimeout: time.Hour, Lifetime: 2 * time.Hour}, false, 30 * time.Minute,
			2 * time.Hour},
		{"absolute before idle", session.Options{Lifetime: time.Minute}, false, 0, time.Minute},
		{"remembered, own", session.Options{RememberIdleTimeout: time.Minute, RememberLifetime: time.Hour}, true, 0,
			time.Minute},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			var events recorder
			st := newFaultStore()
			o := asleep(c.o)
			o.Events = event.NewQueue(events.observe)
			o.RotateEvery = -1
			m := newManager(t, st, o)
			b := newBrowser(t, m)
			start := time.Now()
			var options []session.SignInOption
			if c.remember {
				options = append(options, session.Remember)
			}
			b.signIn("ada", options...)
			if c.every > 0 {
				for time.Since(start)+c.every < c.ends {
					time.Sleep(c.every)
					if b.user() != "ada" {
						t.Fatalf("signed out after %v of use", time.Since(start))
					}
				}
			}
			time.Sleep(c.ends - time.Microsecond - time.Since(start))
			copied := b.copied()
			if got := peekUser(m, copied); got != "ada" {
				t.Fatalf("user %q one microsecond before the end at %v", got, c.ends)
			}
			time.Sleep(time.Microsecond)
			if got := peekUser(m, copied); got != "" {
				t.Errorf("user %q at the end", got)
			}
			if n := rows(t, st); n != 1 {
				t.Errorf("%d records; the sweeper is stopped, so the check was not tested", n)
			}
			if infos, err := m.List(t.Context(), "ada"); err != nil || len(infos) != 0 {
				t.Errorf("an ended session is listed: %v, %v", infos, err)
			}
			if e := events.the(t, m, event.UsedExpired); e.User != "ada" || e.Handle.IsZero() {
				t.Errorf("event %+v does not say whose session it was", e)
			}
		})
	}
}

// peekUser asks who is signed in, in a request that is no use of the session.
func peekUser(m *session.Manager, b *browser) (user string) {
	b.with(func(s *session.Session) {
		user = s.User()
		s.Passive()
	})
	return user
}

// An ended ticket is of no use: what its visitor stores next begins a new session.
//
// Rows: R7, A1
func TestEndedTicketIsNotRevived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		b := newBrowser(t, m)
		old := b.signIn("ada")
		set(b, note, "old")
		before := b.copied()
		time.Sleep(time.Hour)
		set(b, cart, []string{"tea"})
		if b.handle() == old || b.user() != "" || get(b, note) != "" || b.ticket() == before.ticket() {
			t.Errorf("the ended session came back: %v %q", b.handle(), b.user())
		}
		if before.user() != "" {
			t.Error("the ended ticket is good again")
		}
	})
}

// A handler that began before the end and writes after it revives nothing.
//
// Rows: R7, I11
func TestWriteAfterTheEndRevivesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), asleep(session.Options{}))
		b := newBrowser(t, m)
		b.signIn("ada")
		tab := b.copied()
		slow := tab.begin(nothing, func(s *session.Session) { _ = note.Set(s, "late") })
		time.Sleep(time.Hour)
		slow.end()
		if tab.user() != "" || b.user() != "" {
			t.Error("a write that came after the end moved it")
		}
	})
}

// The clock of a session is the record: a browser that keeps its cookie for longer, or sends it again, changes nothing.
// A clock that is set back does not make an ended session good: its times are only ever moved forward.
//
// Rows: A39, N5
func TestLastSeenNeverMovesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		future := time.Now().Add(40 * time.Minute)
		st.edit(t, handle, func(r *store.Record) { r.LastSeen = future }) // another node, whose clock is ahead
		b.user()
		set(b, note, "x")
		if err := m.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r, _ := st.record(t, handle); !r.LastSeen.Equal(future) {
			t.Errorf("last seen %v, want %v: it moved back", r.LastSeen, future)
		}
	})
}

// A record that begins in the future, as of a node whose clock is an hour ahead, is good, and ends by its own times.
//
// Rows: A39
func TestRecordsOfNodesWithOtherClocksAreGood(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, -30 * time.Minute} {
		inBubble(t, fmt.Sprint("by ", ahead), func(t *testing.T) {
			st := newFaultStore()
			m := newManager(t, st, asleep(session.Options{}))
			b := newBrowser(t, m)
			handle := b.signIn("ada")
			st.edit(t, handle, func(r *store.Record) {
				r.LastSeen, r.ExpiresAt = r.LastSeen.Add(ahead), r.ExpiresAt.Add(ahead)
			})
			r, _ := st.record(t, handle)
			time.Sleep(time.Until(r.Ends()) - time.Microsecond)
			if peekUser(m, b) != "ada" {
				t.Error("refused before its end")
			}
			time.Sleep(time.Microsecond)
			if peekUser(m, b) != "" {
				t.Error("good after its end")
			}
		})
	}
}

// Requests that are marked passive leave the idle timeout alone, whatever they do; others move it.
//
// Rows: C5, N7
func TestPassiveRequestsLeaveTheIdleTimeoutAlone(t *testing.T) {
	byPath := session.Options{Passive: func(r *http.Request) bool { return r.URL.Path == "/poll" }}
	for _, c := range []struct {
		name    string
		o       session.Options
		path    string
		do      func(*session.Session)
		extends bool
	}{
		{"a page", byPath, "/", nothing, true},
		{"a page that writes", byPath, "/", func(s *session.Session) { _ = note.Set(s, fmt.Sprint(time.Now())) }, true},
		{"polling", byPath, "/poll", nothing, false},
		{"polling that writes", byPath, "/poll", func(s *session.Session) { _ = note.Set(s, fmt.Sprint(time.Now())) },
			false},
		{"said by the handler", session.Options{}, "/", (*session.Session).Passive, false},
		{"said by the handler, that writes", session.Options{}, "/", func(s *session.Session) {
			s.Passive()
			_ = note.Set(s, fmt.Sprint(time.Now()))
		}, false},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			m := newManager(t, newFaultStore(), asleep(c.o))
			b := newBrowser(t, m)
			b.signIn("ada")
			visit := func() (user string) {
				b.send(httptest.NewRequest(http.MethodGet, c.path, nil), func(_ http.ResponseWriter, r *http.Request) {
					s := session.From(r.Context())
					user = s.User()
					c.do(s)
				})
				return user
			}
			for range 5 {
				time.Sleep(11 * time.Minute)
				if visit() != "ada" {
					t.Fatal("signed out before the idle timeout")
				}
			}
			time.Sleep(6 * time.Minute)
			if got := visit() == "ada"; got != c.extends {
				t.Errorf("still signed in after 61 minutes: %v, want %v", got, c.extends)
			}
		})
	}
}

// The remembered cookie lasts as long as its session, to the second, and is nothing that the server relies on.
//
// Rows: N5, A17
func TestRememberedCookieLastsAsLongAsItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), asleep(session.Options{RememberLifetime: 48 * time.Hour}))
		b := newBrowser(t, m)
		a := b.with(func(s *session.Session) { _ = s.SignIn("ada", session.Remember) })
		if got := attributesOf(a.header.Get("Set-Cookie"))["max-age"]; got != "172800" {
			t.Errorf("Max-Age %q, want 172800", got)
		}
		plain := newBrowser(t, m)
		a = plain.with(func(s *session.Session) { _ = s.SignIn("ada") })
		if got, there := attributesOf(a.header.Get("Set-Cookie"))["max-age"]; there {
			t.Errorf("Max-Age %q for a user who did not ask to be remembered", got)
		}
		time.Sleep(47 * time.Hour)
		if b.user() != "ada" || plain.user() != "" {
			t.Errorf("after 47 hours: remembered %q, other %q", b.user(), plain.user())
		}
		time.Sleep(time.Hour)
		if b.user() != "" {
			t.Error("remembered for longer than RememberLifetime")
		}
	})
}

// The sweeper reclaims room in slices while the manager is in use, and nothing runs when it is not.
//
// Rows: R6
func TestSweeperReclaimsWhatHasExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events recorder
		st := newFaultStore()
		m := newManager(t, st, session.Options{Events: event.NewQueue(events.observe)})
		const n = 1200
		for range n {
			set(newBrowser(t, m), note, "x")
		}
		time.Sleep(time.Hour)
		b := newBrowser(t, m)
		set(b, note, "fresh") // wakes the sweeper
		time.Sleep(2 * time.Minute)
		if got := rows(t, st); got != 1 {
			t.Errorf("%d records, want the fresh one alone", got)
		}
		if get(b, note) != "fresh" {
			t.Error("a session that is not over was swept")
		}
		before := st.count("Sweep")
		time.Sleep(24 * time.Hour)
		if after := st.count("Sweep"); after != before {
			t.Errorf("%d sweeps of a manager that is not in use", after-before)
		}
		swept := 0
		for _, e := range events.of(t, m, event.Expired) {
			swept += e.Count
		}
		if swept != n {
			t.Errorf("%d sessions are reported as expired, want %d", swept, n)
		}
	})
}

// The presets are the numbers of their standards.
//
// Rows: N1, N2, N3, N9, ASVS 7.1.1
func TestPresetsFollowTheirStandards(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		o              session.Options
		idle, lifetime time.Duration // the longest that the standard allows, remembered or not
	}{
		"AAL1":      {session.AAL1(), 30 * day, 30 * day},
		"AAL2":      {session.AAL2(), time.Hour, day},
		"AAL3":      {session.AAL3(), 15 * time.Minute, 12 * time.Hour},
		"OWASPLow":  {session.OWASPLow(), 30 * time.Minute, 8 * time.Hour},
		"OWASPHigh": {session.OWASPHigh(), 5 * time.Minute, 8 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.o.Check(); err != nil {
				t.Fatalf("the preset contradicts itself: %v", err)
			}
			if c.o.IdleTimeout <= 0 || c.o.IdleTimeout > c.idle || c.o.RememberIdleTimeout <= 0 ||
				c.o.RememberIdleTimeout > c.idle {
				t.Errorf("idle %v and %v, want at most %v", c.o.IdleTimeout, c.o.RememberIdleTimeout, c.idle)
			}
			if c.o.Lifetime <= 0 || c.o.Lifetime > c.lifetime || c.o.RememberLifetime <= 0 ||
				c.o.RememberLifetime > c.lifetime {
				t.Errorf("lifetime %v and %v, want at most %v", c.o.Lifetime, c.o.RememberLifetime, c.lifetime)
			}
			for _, remember := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					m := newManager(t, newFaultStore(), asleep(c.o))
					b := newBrowser(t, m)
					var options []session.SignInOption
					if remember {
						options = append(options, session.Remember)
					}
					b.signIn("ada", options...)
					time.Sleep(c.idle)
					if b.user() != "" {
						t.Errorf("remembered %v: still signed in after %v without use", remember, c.idle)
					}
				})
			}
		})
	}
}
