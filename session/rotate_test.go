package session_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// rotating are options with round numbers: a new secret each hour of use, good beside the old one for a minute.
func rotating(o session.Options) session.Options {
	o.IdleTimeout, o.Lifetime = 100*time.Hour, 1000*time.Hour
	o.RotateEvery, o.RotationGrace = time.Hour, time.Minute
	return asleep(o)
}

// inRotation runs a test in a bubble with a session of ada that is due for rotation.
func inRotation(t *testing.T, name string, o session.Options,
	test func(t *testing.T, m *session.Manager, st *faultStore, b *browser, events *recorder)) {
	t.Helper()
	inBubble(t, name, func(t *testing.T) {
		var events recorder
		o := rotating(o)
		o.Events = event.NewQueue(events.observe)
		st := newFaultStore()
		m := newManager(t, st, o)
		b := newBrowser(t, m)
		b.signIn("ada")
		time.Sleep(time.Hour)
		test(t, m, st, b, &events)
	})
}

// A session in use gets a new secret and keeps everything else; the old one is good until a grace after the new one was
// shown.
//
// Rows: A14, C4, ASVS 10.4.5
func TestRotatedSecretReplacesTheOldAfterGrace(t *testing.T) {
	inRotation(t, "", session.Options{},
		func(t *testing.T, m *session.Manager, st *faultStore, b *browser, events *recorder) {
			set(b, note, "kept") // is due: the successor is offered
			old := newBrowser(t, m)
			first := b.ticket()
			handle := b.handle() // shows the successor: confirmed
			if handle.String() != first[1:1+store.IDLen] || get(b, note) != "kept" {
				t.Error("the session is not the same after rotation")
			}
			if e := events.the(t, m, event.Rotated); e.Handle != handle || e.User != "ada" {
				t.Errorf("event %+v", e)
			}
			time.Sleep(30 * time.Second)
			old.setTicket(first)
			if b.ticket() != first && old.user() != "ada" {
				t.Error("the old secret is refused within the grace")
			}
		})
}

// Only the secret changes; the new one cannot be told from the old without it, and not before the rotation is due.
//
// Rows: A14, ASVS 7.2.2
func TestSecretChangesOnlyWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), rotating(session.Options{}))
		b := newBrowser(t, m)
		b.signIn("ada")
		first := b.ticket()
		time.Sleep(time.Hour - time.Microsecond)
		if a := b.with(nothing); len(a.setCookies()) != 0 {
			t.Error("rotated before it was due")
		}
		time.Sleep(time.Microsecond)
		a := b.with(nothing)
		second := ticketOf(t, a)
		if second == first || second[:23] != first[:23] || second[23:] == first[23:] {
			t.Errorf("tickets %q and %q; want the same ID and another secret", first, second)
		}
		if !headerHas(a.header, "Cache-Control", "no-store") {
			t.Errorf("the response with the new secret may be stored: %v", a.header)
		}
	})
}

// Every response to the old secret offers the same successor, on every node, however often it got lost.
//
// Rows: R5, I4, A17
func TestLostResponsesOfferTheSameSuccessor(t *testing.T) {
	inRotation(t, "", session.Options{},
		func(t *testing.T, _ *session.Manager, st *faultStore, b *browser, events *recorder) {
			offered := make(map[string]bool)
			for range 10 {
				node := newManager(t, st, rotating(session.Options{}))
				lost := newBrowser(t, node)
				lost.setTicket(b.ticket())
				offered[ticketOf(t, lost.with(nothing))] = true
				time.Sleep(10 * time.Hour) // offers have no end
			}
			if len(offered) != 1 {
				t.Errorf("%d successors were offered, want 1", len(offered))
			}
			if b.user() != "ada" {
				t.Error("a browser that got none of the responses was signed out")
			}
		})
}

// 50 tabs that ask at the same time, over and over, each with what its browser has at the moment: nobody is signed out,
// and nobody is taken for a thief.
//
// Rows: R5, I4, A17
func TestParallelTabsSurviveRotation(t *testing.T) {
	inRotation(t, "", session.Options{},
		func(t *testing.T, m *session.Manager, _ *faultStore, b *browser, events *recorder) {
			for round := range 40 {
				var wg sync.WaitGroup
				for range 50 {
					wg.Go(func() {
						if b.user() != "ada" {
							t.Errorf("a tab was signed out in round %d", round)
						}
					})
				}
				wg.Wait()
				time.Sleep(20 * time.Minute)
			}
			if n := len(events.of(t, m, event.Rotated)); n < 10 {
				t.Errorf("rotated %d times, so little was tested", n)
			}
			if n := len(events.of(t, m, event.Theft)) + len(events.of(t, m, event.Forged)); n != 0 {
				t.Errorf("%d false alarms", n)
			}
		})
}

// A request that is handled slowly while the rotation goes on around it ends as it would have.
//
// Rows: R5, I4
func TestSlowRequestSurvivesRotation(t *testing.T) {
	inRotation(t, "", session.Options{},
		func(t *testing.T, m *session.Manager, _ *faultStore, b *browser, events *recorder) {
			slow := b.copied().begin(nothing, func(s *session.Session) {
				if err := note.Set(s, "slow"); err != nil {
					t.Errorf("set: %v", err)
				}
			})
			for range 5 {
				b.user()
				time.Sleep(10 * time.Minute)
			}
			if a := slow.end(); a.status != http.StatusOK {
				t.Errorf("answer %s", describe(a))
			}
			if b.user() != "ada" || get(b, note) != "slow" {
				t.Errorf("user %q, note %q", b.user(), get(b, note))
			}
			if n := len(events.of(t, m, event.Theft)); n != 0 {
				t.Errorf("%d false alarms", n)
			}
		})
}

// handleOf reads the handle in a browser's ticket, without asking the site.
func handleOf(t *testing.T, b *browser) store.ID {
	t.Helper()
	id, err := store.ParseID(b.ticket()[1 : 1+store.IDLen])
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// stealAndRotate copies the ticket, and lets the owner use the session until the copy is given up.
func stealAndRotate(t *testing.T, b *browser) (thief *browser) {
	t.Helper()
	thief = b.copied()
	thief.agent = "curl/8.14.1" // from the owner's device it may be a browser that has lost a cookie
	stolen := b.ticket()
	b.user() // offered
	b.user() // confirmed
	if b.ticket() == stolen {
		t.Fatal("not rotated, so nothing is tested")
	}
	return thief
}

// A secret that its browser has given up is shown after the grace: somebody has a copy. What happens then is the
// policy.
//
// Rows: A14, A17, ASVS 10.4.5, C14
func TestReplayedOldSecretIsTheft(t *testing.T) {
	for _, c := range []struct {
		name   string
		o      session.Options
		owner  string // who the owner is afterwards
		recent int    // what RequireRecent answers the owner
	}{
		{"revoke", session.Options{}, "", http.StatusUnauthorized},
		{"step up", session.Options{Theft: session.TheftStepUp}, "ada", http.StatusUnauthorized},
		{"log only", session.Options{Theft: session.TheftLogOnly}, "ada", http.StatusNoContent},
	} {
		inRotation(t, c.name, c.o,
			func(t *testing.T, m *session.Manager, st *faultStore, b *browser, events *recorder) {
				handle := handleOf(t, b)
				thief := stealAndRotate(t, b)
				time.Sleep(time.Minute + time.Microsecond)
				a := thief.with(func(s *session.Session) {
					if s.User() != "" || !s.Handle().IsZero() {
						t.Errorf("the thief is signed in as %q", s.User())
					}
				})
				if len(a.setCookies()) != 0 {
					t.Errorf("the thief is given a cookie: %s", describe(a))
				}
				if got := b.user(); got != c.owner {
					t.Errorf("owner %q, want %q", got, c.owner)
				}
				guarded := m.RequireRecent(1000*time.Hour,
					http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						w.WriteHeader(http.StatusNoContent)
					}))
				if a := b.visit(guarded.ServeHTTP); a.status != c.recent {
					t.Errorf("RequireRecent answers %d, want %d", a.status, c.recent)
				}
				if e := events.the(t, m, event.Theft); e.Handle != handle || e.User != "ada" || e.Address == "" {
					t.Errorf("event %+v", e)
				}
				if c.owner == "" && rows(t, st) != 0 {
					t.Error("the record is still there")
				}
			})
	}
}

// Within the grace the copy of the immediate predecessor is still good, and gets the successor that the owner has;
// older ones are never good.
//
// Rows: A14
func TestGraceIsForThePredecessorAlone(t *testing.T) {
	inRotation(t, "", session.Options{Theft: session.TheftLogOnly},
		func(t *testing.T, m *session.Manager, _ *faultStore, b *browser, events *recorder) {
			oldest := stealAndRotate(t, b)
			time.Sleep(time.Hour)
			predecessor := stealAndRotate(t, b)
			time.Sleep(59 * time.Second)
			a := predecessor.with(func(s *session.Session) {
				if s.User() != "ada" {
					t.Error("the predecessor is refused within the grace")
				}
			})
			if got := ticketOf(t, a); got != b.ticket() {
				t.Error("the predecessor is offered another successor than the owner has")
			}
			if len(events.of(t, m, event.Theft)) != 0 {
				t.Error("an alarm within the grace")
			}
			if oldest.user() != "" {
				t.Error("the secret before the predecessor is good")
			}
			if len(events.of(t, m, event.Theft)) != 1 {
				t.Error("the secret before the predecessor is no alarm")
			}
		})
}

// Secrets of many rotations ago still give a thief away, and a made-up one never does.
//
// Rows: A14, A17
func TestOldSecretsAreRecognised(t *testing.T) {
	inRotation(t, "", session.Options{Theft: session.TheftLogOnly},
		func(t *testing.T, m *session.Manager, st *faultStore, b *browser, events *recorder) {
			var copies []*browser
			for range 20 {
				copies = append(copies, stealAndRotate(t, b))
				time.Sleep(time.Hour)
			}
			for i, thief := range copies[:19] {
				if thief.user() != "" {
					t.Errorf("the secret of %d rotations ago is good", 20-i)
				}
			}
			if n := len(events.of(t, m, event.Theft)); n != 19 {
				t.Errorf("%d alarms for 19 old secrets", n)
			}
			for i := range 50 {
				forged := newBrowser(t, m)
				forged.setTicket(b.ticket()[:23] + unknownTicket(i)[23:])
				if forged.user() != "" {
					t.Error("a made-up secret is good")
				}
			}
			if n := len(events.of(t, m, event.Theft)); n != 19 {
				t.Errorf("%d alarms after made-up secrets, want 19 as before", n)
			}
			if r, _ := st.record(t, b.handle()); len(r.Rotation.Past) > 64*store.FingerprintLen {
				t.Errorf("%d bytes of old fingerprints in the record: they have no bound", len(r.Rotation.Past))
			}
			if b.user() != "ada" {
				t.Error("the owner was signed out")
			}
		})
}

// Anybody who knows only the public handle can do nothing to the session: no alarm, no end.
//
// Rows: A14, A35
func TestHandleAloneRaisesNoAlarm(t *testing.T) {
	inRotation(t, "", session.Options{},
		func(t *testing.T, m *session.Manager, _ *faultStore, b *browser, events *recorder) {
			stealAndRotate(t, b)
			time.Sleep(time.Hour)
			stranger := newBrowser(t, m)
			stranger.setTicket("1" + b.handle().String() + strings.Repeat("A", 32))
			stranger.user()
			if b.user() != "ada" || len(events.of(t, m, event.Theft)) != 0 {
				t.Error("the handle is enough to end a session")
			}
		})
}

// Visitors who are not signed in, and sessions that are not used, do not rotate.
//
// Rows: A14
func TestOnlyUsedSessionsOfUsersRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), rotating(session.Options{}))
		visitor := newBrowser(t, m)
		set(visitor, note, "x")
		time.Sleep(10 * time.Hour)
		if a := visitor.with(nothing); len(a.setCookies()) != 0 {
			t.Error("a visitor's session was rotated")
		}
		never := newManager(t, newFaultStore(),
			func() session.Options { o := rotating(session.Options{}); o.RotateEvery = -1; return o }())
		b := newBrowser(t, never)
		b.signIn("ada")
		time.Sleep(90 * time.Hour)
		if a := b.with(nothing); len(a.setCookies()) != 0 {
			t.Error("rotated although the options say never")
		}
	})
}

// A rotation that cannot be written is put off, and disturbs nobody.
//
// Rows: R5, I4, R8
func TestFailedRotationIsPutOff(t *testing.T) {
	inRotation(t, "", session.Options{},
		func(t *testing.T, _ *session.Manager, st *faultStore, b *browser, _ *recorder) {
			first := b.ticket()
			st.down("Save")
			if a := b.with(nothing); a.status != http.StatusOK || len(a.setCookies()) != 0 || b.user() != "ada" {
				t.Errorf("answer %s, user %q", describe(a), b.user())
			}
			st.up()
			b.user()
			if b.ticket() == first {
				t.Fatal("not rotated when the store was back")
			}
			st.down("Save") // when the successor is shown
			if b.user() != "ada" {
				t.Error("the successor is refused as it could not be confirmed")
			}
			st.up()
			if b.user() != "ada" {
				t.Error("signed out after the outage")
			}
		})
}

// A handler that does not look at the session takes the successor along like any other.
//
// Rows: A14
func TestRotationGoesAlongWithEveryAnswer(t *testing.T) {
	inRotation(t, "", session.Options{},
		func(t *testing.T, _ *session.Manager, _ *faultStore, b *browser, _ *recorder) {
			a := b.visit(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
			if len(a.setCookies()) != 1 {
				t.Errorf("answer %s", describe(a))
			}
		})
}

// A rotation that is pending is offered only if the store still says so when the response begins: what it cannot tell
// another response takes along.
//
// Rows: R5, R8
func TestFailedLookOffersNoRotation(t *testing.T) {
	inRotation(t, "", session.Options{},
		func(t *testing.T, _ *session.Manager, st *faultStore, b *browser, _ *recorder) {
			first := b.ticket()
			a := b.with(func(s *session.Session) {
				s.User()
				st.down("Load")
			})
			if a.status != http.StatusOK || len(a.setCookies()) != 0 {
				t.Errorf("while the store fails: %s", describe(a))
			}
			st.up()
			if a := b.with(nothing); len(a.setCookies()) != 1 || b.user() != "ada" || b.ticket() == first {
				t.Errorf("when it is back: %s", describe(a))
			}
		})
}

// A rotation is on its way while the session ends: the end wins.
//
// Rows: A15, R3, I1
func TestEndWinsOverRotation(t *testing.T) {
	for _, end := range ends {
		for _, step := range []string{"offer", "confirmation"} {
			inRotation(t, end.name+"/"+step, session.Options{},
				func(t *testing.T, m *session.Manager, st *faultStore, b *browser, _ *recorder) {
					id := handleOf(t, b)
					if step == "confirmation" {
						b.user()
					}
					tab := b.copied()
					g := st.gate("Save")
					done := make(chan string)
					go func() { done <- tab.user() }()
					<-g.entered
					st.trap(nil, "Save")
					b.site = newBrowser(t, newManager(t, st,
						func() session.Options {
							o := rotating(session.Options{})
							o.RotateEvery = -1
							return o
						}())).site
					end.do(t, m, b, id)
					close(g.open)
					if u := <-done; u != "" {
						t.Errorf("the request whose rotation met the end is still signed in as %q", u)
					}
					if n := rows(t, st); n != 0 || tab.user() != "" {
						t.Errorf("%d records, user %q", n, tab.user())
					}
				})
		}
	}
}

// A WebSocket handshake that hijacks the connection is not stopped by an offer: another response will take it along.
//
// Rows: R5, I4
func TestRotationStopsNoHijack(t *testing.T) {
	w := newWire(t, false)
	o := rotating(session.Options{})
	o.RotateEvery, o.RotationGrace = time.Millisecond, time.Microsecond
	m := newManager(t, newFaultStore(), o)
	b := newBrowser(t, m)
	b.signIn("ada")
	time.Sleep(5 * time.Millisecond)
	result := make(chan error, 1)
	text := w.raw(t, "Cookie: "+b.cookieHeader()+"\r\n",
		m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, rw, err := http.NewResponseController(w).Hijack()
			if err == nil {
				user := session.From(r.Context()).User()
				_, err = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\n\r\nhello " + user)
				err = errors.Join(err, rw.Flush(), conn.Close())
			}
			result <- err
		})))
	if err := <-result; err != nil || !strings.HasSuffix(text, "hello ada") {
		t.Errorf("hijack: %v\n%s", err, text)
	}
	if b.user() != "ada" {
		t.Error("signed out by the offer that went nowhere")
	}
}

// Sign-in, sign-out and step-up in a request that is offered a successor: the cookie is that of the newer event.
//
// Rows: A14
func TestOfferYieldsToANewerTicket(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*session.Session) error
		user string
	}{
		{"sign-in", func(s *session.Session) error { return s.SignIn("alan") }, "alan"},
		{"step-up", func(s *session.Session) error { return s.StepUp() }, "ada"},
		{"sign-out", func(s *session.Session) error { return s.SignOut() }, ""},
	} {
		inRotation(t, c.name, session.Options{},
			func(t *testing.T, _ *session.Manager, _ *faultStore, b *browser, _ *recorder) {
				old := b.copied()
				a := b.with(func(s *session.Session) {
					if err := c.do(s); err != nil {
						t.Error(err)
					}
				})
				if len(a.setCookies()) != 1 || b.user() != c.user || old.user() != "" {
					t.Errorf("%d cookies, user %q, old ticket %q; want 1, %q and nobody", len(a.setCookies()), b.user(),
						old.user(), c.user)
				}
			})
	}
}

// The remembered cookie that rotation sets lasts as long as the session still does.
//
// Rows: A17, ASVS 10.4.8
func TestRotatedCookieLastsAsLongAsItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := rotating(session.Options{RememberIdleTimeout: 100 * time.Hour, RememberLifetime: 200 * time.Hour})
		m := newManager(t, newFaultStore(), o)
		b := newBrowser(t, m)
		b.signIn("ada", session.Remember)
		time.Sleep(50 * time.Hour)
		a := b.with(nothing)
		if got, want := attributesOf(a.header.Get("Set-Cookie"))["max-age"], fmt.Sprint(150*3600); got != want {
			t.Errorf("Max-Age %s, want %s: rotation does not make a session last longer", got, want)
		}
		for range 3 {
			time.Sleep(49 * time.Hour)
			b.user()
		}
		time.Sleep(3 * time.Hour)
		if b.user() != "" {
			t.Error("rotation kept the session beyond its absolute end")
		}
	})
}
