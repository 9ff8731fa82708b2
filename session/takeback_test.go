package session_test

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

const (
	agentOfToday    = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36"
	agentOfTomorrow = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/159.0.1 Safari/537.36"
)

// inLoss runs a test in a bubble with a session of ada whose rotation has just been confirmed, by a browser that has
// the new secret, and with the same browser as its disk has it: with the secret before.
func inLoss(t *testing.T, name string, o session.Options,
	test func(t *testing.T, m *session.Manager, st *faultStore, owner, disk *browser, events *recorder)) {
	t.Helper()
	inBubble(t, name, func(t *testing.T) {
		var events recorder
		own, o := o, rotating(o)
		o.RotateEvery = cmp.Or(own.RotateEvery, o.RotateEvery)
		o.RotationGrace = cmp.Or(own.RotationGrace, o.RotationGrace)
		o.IdleTimeout = cmp.Or(own.IdleTimeout, o.IdleTimeout)
		o.Events = event.NewQueue(events.observe)
		st := newFaultStore()
		m := newManager(t, st, o)
		owner := newBrowser(t, m)
		owner.agent = agentOfToday
		owner.signIn("ada")
		time.Sleep(o.RotateEvery)
		disk := stealAndRotate(t, owner)
		disk.agent = agentOfTomorrow // the device has been updated, too
		test(t, m, st, owner, disk, &events)
	})
}

// goesOn reports whether ada is signed in, and still is when the browser shows the secret that it is given.
func goesOn(b *browser) bool {
	first := b.user()
	return first == "ada" && b.user() == first
}

// A browser that crashed, and comes back without the cookie that it was given last, is still signed in. It is given
// another one, which rotates as ever. Whoever shows the lost one after that has a copy.
//
// Rows: A14, A17, R5, I4, R17
func TestLostCookieIsTakenBack(t *testing.T) {
	for _, away := range []time.Duration{time.Minute + time.Microsecond, 10*time.Minute - time.Microsecond} {
		inLoss(t, away.String(), session.Options{},
			func(t *testing.T, m *session.Manager, _ *faultStore, owner, disk *browser, events *recorder) {
				time.Sleep(time.Minute) // the last moment at which a use proves nothing
				set(owner, note, "kept")
				time.Sleep(away - time.Minute)
				handle, before := handleOf(t, disk), disk.ticket()
				if disk.user() != "ada" || get(disk, note) != "kept" || disk.handle() != handle {
					t.Fatal("signed out by a crash")
				}
				if disk.ticket() == before || disk.ticket() == owner.ticket() {
					t.Error("no secret of its own is given")
				}
				if e := events.the(t, m, event.Recovered); e.Handle != handle || e.User != "ada" || e.Address == "" {
					t.Errorf("event %+v", e)
				}
				for range 3 {
					time.Sleep(time.Hour)
					if !goesOn(disk) {
						t.Fatal("signed out later")
					}
				}
				if n := len(events.of(t, m, event.Theft)); n != 0 {
					t.Fatalf("%d false alarms", n)
				}
				if owner.user() != "" || disk.user() != "" || len(events.of(t, m, event.Theft)) != 1 {
					t.Error("a copy of the lost secret raises no alarm")
				}
			})
	}
}

// A browser that crashes over and over loses nothing but its last cookies.
//
// Rows: R5, I4, R17
func TestLostCookiesAreTakenBackAgain(t *testing.T) {
	inLoss(t, "", session.Options{},
		func(t *testing.T, m *session.Manager, _ *faultStore, _, disk *browser, events *recorder) {
			for range 50 {
				time.Sleep(2 * time.Minute)
				lost := disk.copied()
				set(lost, note, "kept")
				if !goesOn(lost) || get(lost, note) != "kept" {
					t.Fatal("signed out by a crash")
				}
			}
			if n := len(events.of(t, m, event.Conflict)); n != 0 {
				t.Errorf("%d conflicts with nobody", n)
			}
			if n := len(events.of(t, m, event.Recovered)); n != 50 {
				t.Errorf("%d were taken back, want 50", n)
			}
			if n := len(events.of(t, m, event.Theft)); n != 0 {
				t.Errorf("%d false alarms", n)
			}
		})
}

// A handler that saves the session long after its browser has crashed is no sign of the browser.
//
// Rows: R5, I4
func TestSlowHandlerIsNoSignOfItsBrowser(t *testing.T) {
	inLoss(t, "", session.Options{},
		func(t *testing.T, m *session.Manager, _ *faultStore, owner, disk *browser, events *recorder) {
			slow := owner.copied().begin(nothing, setSlow(t))
			time.Sleep(3 * time.Minute)
			slow.end()
			if disk.user() != "ada" || get(disk, note) != "slow" || len(events.of(t, m, event.Theft)) != 0 {
				t.Error("a slow handler makes a thief of its browser")
			}
		})
	inLoss(t, "for long", session.Options{},
		func(t *testing.T, _ *session.Manager, st *faultStore, owner, _ *browser, _ *recorder) {
			slow := owner.copied().begin(nothing, setSlow(t))
			time.Sleep(10*time.Minute + time.Second)
			slow.end()
			if r, _ := st.record(t, handleOf(t, owner)); time.Since(r.LastSeen) > time.Second {
				t.Errorf("was seen %v ago, when it was saved just now", time.Since(r.LastSeen))
			}
		})
	inLoss(t, "idle timeout", session.Options{RotateEvery: 2 * time.Minute, IdleTimeout: 5 * time.Minute},
		func(t *testing.T, _ *session.Manager, _ *faultStore, owner, _ *browser, _ *recorder) {
			slow := owner.copied().begin(nothing, setSlow(t))
			time.Sleep(4 * time.Minute)
			slow.end()
			time.Sleep(5*time.Minute - time.Second)
			if owner.user() != "ada" {
				t.Error("a session that was saved is idle too early")
			}
		})
}

func setSlow(t *testing.T) func(*session.Session) {
	return func(s *session.Session) {
		if err := note.Set(s, "slow"); err != nil {
			t.Errorf("set: %v", err)
		}
	}
}

// What tells a thief from a browser that has lost its last cookie: another device, the time, and that the new secret
// was in use after it had reached the disk.
//
// Rows: A14, A17
func TestOldSecretIsTakenBackFromItsBrowserAlone(t *testing.T) {
	wait := func(*browser, *browser) { time.Sleep(time.Minute + time.Microsecond) }
	for _, c := range []struct {
		name string
		o    session.Options
		do   func(owner, disk *browser)
	}{
		{"another browser", session.Options{}, func(owner, disk *browser) {
			wait(owner, disk)
			disk.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
		}},
		{"another system", session.Options{}, func(owner, disk *browser) {
			wait(owner, disk)
			disk.agent = strings.Replace(agentOfToday, "Linux", "FreeBSD", 1)
		}},
		{"another way to write it", session.Options{}, func(owner, disk *browser) {
			wait(owner, disk)
			disk.agent = strings.ReplaceAll(agentOfToday, "/", "-")
		}},
		{"no User-Agent", session.Options{}, func(owner, disk *browser) { wait(owner, disk); disk.agent = "" }},
		{"10 minutes later", session.Options{}, func(*browser, *browser) { time.Sleep(10 * time.Minute) }},
		{"the new secret is in use", session.Options{}, func(owner, disk *browser) { wait(owner, disk); owner.user() }},
		{"the new secret is written with", session.Options{},
			func(owner, disk *browser) { wait(owner, disk); set(owner, note, "x") }},
		{"a rotation later", session.Options{RotateEvery: 2 * time.Minute}, func(owner, _ *browser) {
			time.Sleep(2 * time.Minute)
			owner.user()
		}},
		{"a grace of its own", session.Options{RotationGrace: 5 * time.Second}, func(owner, _ *browser) {
			time.Sleep(30*time.Second + time.Microsecond) // that is how long cookies take to the disk
			owner.user()
		}},
	} {
		inLoss(t, c.name, c.o,
			func(t *testing.T, m *session.Manager, st *faultStore, owner, disk *browser, events *recorder) {
				c.do(owner, disk)
				before := disk.ticket()
				if user := disk.user(); user != "" || disk.ticket() != before {
					t.Errorf("%q is signed in with the old secret", user)
				}
				if n := len(events.of(t, m, event.Theft)); n != 1 || rows(t, st) != 0 {
					t.Errorf("%d alarms, %d records", n, rows(t, st))
				}
			})
	}
}

// A handler that is still running has saved the session for a browser that has kept its new secret.
//
// Rows: A14
func TestSaveOfARunningHandlerIsAUse(t *testing.T) {
	inLoss(t, "", session.Options{},
		func(t *testing.T, m *session.Manager, _ *faultStore, owner, disk *browser, events *recorder) {
			time.Sleep(time.Minute + time.Microsecond)
			slow := owner.begin(func(s *session.Session) {
				setSlow(t)(s)
				if err := s.Save(); err != nil {
					t.Errorf("save: %v", err)
				}
			}, nothing)
			if disk.user() != "" || len(events.of(t, m, event.Theft)) != 1 {
				t.Error("the old secret is taken back, although the new one is in use")
			}
			slow.end()
		})
}

// A session that began without a User-Agent names no device, so nothing is taken back.
//
// Rows: A14
func TestNoAgentNamesNoDevice(t *testing.T) {
	inRotation(t, "", session.Options{},
		func(t *testing.T, m *session.Manager, _ *faultStore, b *browser, events *recorder) {
			nameless := newBrowser(t, m)
			nameless.agent = ""
			nameless.signIn("alan")
			time.Sleep(time.Hour)
			disk := stealAndRotate(t, nameless)
			disk.agent = "1.0"
			time.Sleep(2 * time.Minute)
			if disk.user() != "" || len(events.of(t, m, event.Theft)) != 1 {
				t.Error("an old secret is taken back from nobody knows whom")
			}
		})
}

// The first use that proves that the browser has kept its secret is written within a second or so, whatever the touch
// interval is, so that every node knows of it. It costs one touch a rotation, and none later on.
//
// Rows: A14, R6
func TestProofThatACookieIsKeptReachesTheStore(t *testing.T) {
	inLoss(t, "", session.Options{TouchInterval: 20 * time.Hour},
		func(t *testing.T, _ *session.Manager, st *faultStore, owner, disk *browser, _ *recorder) {
			before := st.count("Touch") // the first one is at the confirmation
			set(owner, note, "w")
			if r, _ := st.record(t, handleOf(t, owner)); !r.LastSeen.Equal(time.Now()) {
				t.Errorf("was seen in %v from now", time.Until(r.LastSeen))
			}
			for range 6 {
				owner.user()
				time.Sleep(10 * time.Second)
			}
			set(owner, note, "x")
			owner.user() // at the last moment of that time
			time.Sleep(2 * time.Second)
			if n := st.count("Touch") - before; n != 0 {
				t.Errorf("%d touches while a use proves nothing", n)
			}
			owner.user()
			time.Sleep(2 * time.Second)
			other := newManager(t, st, rotating(session.Options{}))
			for range 20 {
				owner.user()
				time.Sleep(time.Second)
			}
			if n := st.count("Touch") - before; n != 1 {
				t.Errorf("%d touches, want one", n)
			}
			set(owner, note, "y")
			if r, _ := st.record(t, handleOf(t, owner)); time.Since(r.LastSeen) > time.Second {
				t.Errorf("was seen %v ago, when it was saved just now", time.Since(r.LastSeen))
			}
			disk.site = newBrowser(t, other).site
			if disk.user() != "" {
				t.Error("another node takes the old secret back, although the new one was in use")
			}
		})
	inLoss(t, "later", session.Options{TouchInterval: 20 * time.Hour},
		func(t *testing.T, _ *session.Manager, st *faultStore, owner, _ *browser, _ *recorder) {
			time.Sleep(10 * time.Minute)
			before := st.count("Touch")
			owner.user()
			time.Sleep(2 * time.Second)
			if n := st.count("Touch") - before; n != 0 {
				t.Errorf("%d touches, although nobody may ask any more", n)
			}
		})
}

// A store that fails takes nothing back: the request is answered as with any failure of the store, and no word of it
// reaches the browser. When the store works again, the next request is let in.
//
// Rows: R8, I10, I4
func TestNothingIsTakenBackWithoutTheStore(t *testing.T) {
	for _, c := range []struct {
		name, method string
		policy       session.Failure
		status       int
	}{
		{"it cannot tell", "Load", session.Required, http.StatusServiceUnavailable},
		{"it cannot save", "Save", session.Required, http.StatusServiceUnavailable},
		{"stale", "Save", session.Stale(time.Hour), http.StatusServiceUnavailable},
		{"optional", "Save", session.Optional, http.StatusOK},
	} {
		o := session.Options{OnFailure: func(*http.Request) session.Failure { return c.policy }}
		inLoss(t, c.name, o,
			func(t *testing.T, m *session.Manager, st *faultStore, _, disk *browser, events *recorder) {
				time.Sleep(2 * time.Minute)
				before := disk.ticket()
				st.down(c.method)
				user := ""
				a := disk.with(func(s *session.Session) { user = s.User() })
				if a.status != c.status || user != "" || len(a.setCookies()) != 0 || disk.ticket() != before {
					t.Errorf("user %q, answer %s", user, describe(a))
				}
				st.up()
				if disk.user() != "ada" {
					t.Error("signed out by a failure of the store")
				}
				if n := len(events.of(t, m, event.Theft)); n != 0 {
					t.Errorf("%d false alarms", n)
				}
			})
	}
}

// Between the two looks at the record its store fails, or it ends.
//
// Rows: R8, R3, I1
func TestSecondLookDecides(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
	}{"fails": {errDown, http.StatusServiceUnavailable}, "ends": {store.ErrNotFound, http.StatusOK}} {
		inLoss(t, name, session.Options{},
			func(t *testing.T, _ *session.Manager, st *faultStore, _, disk *browser, _ *recorder) {
				time.Sleep(2 * time.Minute)
				looks := 0
				st.trap(func(context.Context) error {
					if looks++; looks > 1 {
						return c.err
					}
					return nil
				}, "Load")
				a := disk.with(func(s *session.Session) {
					if s.User() != "" {
						t.Errorf("%q is signed in", s.User())
					}
				})
				if a.status != c.status || len(a.setCookies()) != 0 || st.count("Save") != 2 {
					t.Errorf("answer %s, %d saves", describe(a), st.count("Save"))
				}
			})
	}
}

// A save that was made, although its answer got lost, is found by the next request.
//
// Rows: R8, I4
func TestTakingBackIsFoundAfterALostAnswer(t *testing.T) {
	inLoss(t, "", session.Options{},
		func(t *testing.T, m *session.Manager, st *faultStore, owner, disk *browser, events *recorder) {
			time.Sleep(2 * time.Minute)
			st.cutOff("Save")
			if a := disk.with(nothing); a.status != http.StatusServiceUnavailable || len(a.setCookies()) != 0 {
				t.Errorf("answer %s", describe(a))
			}
			st.up()
			if !goesOn(disk) || len(events.of(t, m, event.Theft)) != 0 {
				t.Error("signed out")
			}
			if owner.user() != "" {
				t.Error("the secret that was given up is good")
			}
		})
}

// While the old secret is being taken back, something else happens to the session. Of the old secret and the new one at
// most one stays good.
//
// Rows: A14, A15, I1
func TestTakingBackMeetsOthers(t *testing.T) {
	for _, c := range []struct {
		name   string
		do     func(t *testing.T, owner, tab *browser)
		user   string // in the end, of whoever has the old secret
		owner  string
		alarms int
	}{
		{"the new secret writes", func(t *testing.T, owner, _ *browser) { set(owner, note, "x") }, "", "", 1},
		{"the session ends",
			func(t *testing.T, owner, _ *browser) { owner.with(func(s *session.Session) { _ = s.SignOut() }) },
			"", "", 0},
		{"another tab was first", func(t *testing.T, _, tab *browser) { tab.user() }, "ada", "", 0},
	} {
		inLoss(t, c.name, session.Options{},
			func(t *testing.T, m *session.Manager, st *faultStore, owner, disk *browser, events *recorder) {
				time.Sleep(2 * time.Minute)
				tab := disk.copied()
				g := st.gate("Save")
				done := make(chan string)
				go func() { done <- disk.user() }()
				<-g.entered
				st.trap(nil, "Save")
				c.do(t, owner, tab)
				close(g.open)
				if got := <-done; got != c.user {
					t.Errorf("%q is signed in, want %q", got, c.user)
				}
				if n := len(events.of(t, m, event.Theft)); n != c.alarms {
					t.Errorf("%d alarms, want %d", n, c.alarms)
				}
				if c.user != "" && tab.ticket() != disk.ticket() {
					t.Error("two tabs of one browser are given two secrets")
				}
				if got := owner.user(); got != c.owner {
					t.Errorf("the new secret is %q's, want %q", got, c.owner)
				}
			})
	}
}

// An aged store has a copy of records at hand that is old until something contradicts it.
type aged struct {
	atHand
	copies map[store.ID]store.Encoded
}

func (s *aged) Peek(id store.ID, now time.Time) (store.Encoded, bool) {
	if e, ok := s.copies[id]; ok {
		return e, true
	}
	return s.atHand.Peek(id, now)
}

func (s *aged) Invalidate(id store.ID, _ uint64) { delete(s.copies, id) }

func (s *aged) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if e, ok := s.copies[id]; ok {
		return e.Record()
	}
	return s.atHand.Load(ctx, id)
}

// onAgedNode runs a test in a bubble with a session whose new secret was shown a minute ago, at a node that keeps the
// copy of that moment. The other node has none.
func onAgedNode(t *testing.T, name string, test func(t *testing.T, st *aged, old, fresh, disk *browser)) {
	t.Helper()
	inBubble(t, name, func(t *testing.T) {
		st := &aged{newAtHand(), make(map[store.ID]store.Encoded)}
		o := rotating(session.Options{})
		old := newBrowser(t, newManager(t, st, o))
		st.beat()
		old.signIn("ada")
		time.Sleep(time.Hour)
		disk := stealAndRotate(t, old)
		disk.agent = old.agent
		time.Sleep(time.Minute)
		st.copies[handleOf(t, old)], _ = st.Peek(handleOf(t, old), time.Now())
		time.Sleep(time.Microsecond)
		st.beat()
		fresh := old.copied()
		fresh.site = newBrowser(t, newManager(t, st.faultStore, o)).site
		test(t, st, old, fresh, disk)
	})
}

// What a node has at hand may be from before what another node has seen, or done: the store decides.
//
// Rows: A14, I4, R17
func TestOldCopyDecidesNothing(t *testing.T) {
	onAgedNode(t, "in use elsewhere", func(t *testing.T, st *aged, _, fresh, disk *browser) {
		fresh.user()
		time.Sleep(2 * time.Second)
		st.beat()
		if disk.user() != "" || rows(t, st) != 0 {
			t.Error("the old secret is taken back, although the new one was in use at another node")
		}
	})
	onAgedNode(t, "taken back elsewhere", func(t *testing.T, st *aged, old, fresh, disk *browser) {
		fresh.setTicket(disk.ticket())
		fresh.user()
		old.setTicket(fresh.ticket())
		if old.user() != "ada" {
			t.Error("the secret that another node has given is taken for a forgery")
		}
	})
	onAgedNode(t, "in use here", func(t *testing.T, st *aged, old, _, _ *browser) {
		time.Sleep(5 * time.Minute)
		st.beat()
		before := st.count("Load")
		old.user() // is touched
		time.Sleep(2 * time.Second)
		delete(st.copies, handleOf(t, old))
		st.beat()
		forged := old.copied()
		forged.setTicket(old.ticket()[:23] + unknownTicket(1)[23:])
		if forged.user() != "" {
			t.Error("a made-up secret is good")
		}
		if n := st.count("Load") - before; n != 0 {
			t.Errorf("%d loads, want none: nothing contradicts what is at hand", n)
		}
	})
}

// A policy other than to end the session applies to the lost secret as to any that was given up.
//
// Rows: A14
func TestLostSecretIsUnderTheTheftPolicy(t *testing.T) {
	inLoss(t, "", session.Options{Theft: session.TheftLogOnly},
		func(t *testing.T, m *session.Manager, st *faultStore, owner, disk *browser, events *recorder) {
			time.Sleep(2 * time.Minute)
			disk.user()
			if owner.user() != "" || disk.user() != "ada" || len(events.of(t, m, event.Theft)) != 1 {
				t.Error("the lost secret is good, or no alarm")
			}
			if r, _ := st.record(t, disk.handle()); len(r.Rotation.Past) != store.FingerprintLen {
				t.Errorf("%d bytes of old fingerprints, want those of the lost one", len(r.Rotation.Past))
			}
		})
}
