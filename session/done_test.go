package session_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// stream is a request that goes on until its session's Done is closed, as a WebSocket or a stream of events does.
type stream struct {
	ended  chan struct{}
	hangUp context.CancelFunc
}

func openStream(t *testing.T, b *browser) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &stream{make(chan struct{}), cancel}
	ready := make(chan struct{})
	go func() {
		defer close(s.ended)
		defer cancel()
		b.send(httptest.NewRequestWithContext(ctx, http.MethodGet, "/events", nil),
			func(w http.ResponseWriter, r *http.Request) {
				_ = http.NewResponseController(w).Flush()
				done := session.From(r.Context()).Done()
				close(ready)
				<-done
			})
	}()
	<-ready
	return s
}

func (s *stream) over() bool {
	synctest.Wait()
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// Long connections end when their session does: at once with a feed, within seconds without one; and no others do.
//
// Rows: A42, A12, R3
func TestDoneClosesWithTheSession(t *testing.T) {
	for _, fed := range []bool{true, false} {
		for _, end := range append(ends, struct {
			name string
			do   func(t *testing.T, m *session.Manager, b *browser, handle store.ID)
		}{"everybody revoked", func(t *testing.T, m *session.Manager, _ *browser, _ store.ID) {
			if err := m.RevokeBefore(t.Context(), time.Now()); err != nil {
				t.Error(err)
			}
		}}) {
			name, within := end.name+"/fed", time.Duration(0)
			if !fed {
				name, within = end.name+"/without a feed", 5*time.Second
			}
			inBubble(t, name, func(t *testing.T) {
				inner := newFaultStore()
				var st store.Store = inner
				if !fed {
					st = struct{ store.Store }{inner}
				}
				here, there := newManager(t, st, asleep(session.Options{})), newManager(t, st,
					asleep(session.Options{}))
				b := newBrowser(t, here)
				handle := b.signIn("ada")
				elsewhere := newBrowser(t, there)
				elsewhere.setTicket(b.ticket())
				near, far := openStream(t, b), openStream(t, elsewhere)
				if near.over() || far.over() {
					t.Fatal("a stream ended before the session")
				}
				end.do(t, here, b, handle)
				time.Sleep(within)
				if !near.over() {
					t.Errorf("the stream here goes on %v after the end", within)
				}
				if !fed && end.name == "everybody revoked" {
					time.Sleep(5 * time.Second) // the other node first has to learn of the switch
				}
				if !far.over() {
					t.Errorf("the stream on another node goes on %v after the end", within)
				}
				near.hangUp()
				far.hangUp()
			})
		}
	}
}

// Expiry closes as well, to the second; use by other requests puts it off.
//
// Rows: A42, R7
func TestDoneClosesAtExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), asleep(session.Options{RotateEvery: -1}))
		b := newBrowser(t, m)
		b.signIn("ada")
		s := openStream(t, b)
		time.Sleep(50 * time.Minute)
		b.user()
		last := time.Now()
		time.Sleep(time.Hour - time.Second)
		if s.over() {
			t.Fatal("the stream ended before the session")
		}
		time.Sleep(2 * time.Second)
		if !s.over() {
			t.Errorf("the stream goes on %v after the last use", time.Since(last))
		}
	})
}

// The end of a session need not come at a time when its streams are looked at anyway, which is every minute.
//
// Rows: A42, R7
func TestDoneClosesToTheSecond(t *testing.T) {
	for _, c := range []struct {
		name string
		o    session.Options
	}{
		{"idle", session.Options{IdleTimeout: 10*time.Minute + 7*time.Second}},
		{"absolute", session.Options{Lifetime: 10*time.Minute + 7*time.Second}},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			c.o.RotateEvery = -1
			b := newBrowser(t, newManager(t, newFaultStore(), asleep(c.o)))
			b.signIn("ada")
			s := openStream(t, b)
			time.Sleep(10*time.Minute + 6*time.Second)
			if s.over() {
				t.Error("the stream ended before the session")
			}
			time.Sleep(2 * time.Second)
			if !s.over() {
				t.Error("the stream goes on a second after the end of its session")
			}
			s.hangUp()
		})
	}
}

// What a node does itself it need not be told: a cut-off ends this node's streams at once, also without a feed.
//
// Rows: A42, R3
func TestDoneClosesWithTheNodesOwnCutoff(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		m := newManager(t, struct{ store.Store }{memory.New()}, asleep(session.Options{}))
		ada, alan := newBrowser(t, m), newBrowser(t, m)
		ada.signIn("ada")
		alan.signIn("alan")
		hers, his := openStream(t, ada), openStream(t, alan)
		time.Sleep(time.Second) // after the first look
		if err := m.RevokeUserBefore(t.Context(), "ada", time.Now()); err != nil {
			t.Fatal(err)
		}
		if !hers.over() || his.over() {
			t.Errorf("streams over: %v and %v; want that of the user alone", hers.over(), his.over())
		}
		if err := m.RevokeBefore(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		if !his.over() {
			t.Error("a stream goes on after everybody's cut-off")
		}
		hers.hangUp()
		his.hangUp()
	})
}

// A record that is still there confirms no session while the cut-offs cannot be read.
//
// Rows: A42, R3
func TestDoneClosesWhenCutoffsCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		b := newBrowser(t, newManager(t, struct{ store.Store }{st}, asleep(session.Options{})))
		b.signIn("ada")
		s := openStream(t, b)
		time.Sleep(10 * time.Second)
		if s.over() {
			t.Fatal("the stream ended before the session")
		}
		st.down("NotBefore")
		if err := st.inner.SetNotBefore(t.Context(), "", time.Now()); err != nil { // on another node
			t.Fatal(err)
		}
		time.Sleep(11 * time.Second)
		if !s.over() {
			t.Error("the stream goes on 11 seconds after a cut-off that cannot be read")
		}
		s.hangUp()
	})
}

// A feed that is whole again has told nothing of what ended while it was interrupted. Its beats confirm no session that
// cannot be looked at since.
//
// Rows: A42, R3, I1
func TestDoneClosesWhenNothingCanBeAskedAfterAnInterruption(t *testing.T) {
	for name, interrupt := range map[string]func(w *farFeed, end func()){
		"once": func(w *farFeed, end func()) {
			w.lost()
			end()
		},
		"again and again": func(w *farFeed, end func()) {
			w.lost()
			end()
			for range 3 {
				w.beat()
				time.Sleep(time.Second)
				w.lost()
			}
		},
		"before the first look": func(*farFeed, func()) {},
	} {
		inBubble(t, name, func(t *testing.T) {
			w := newFarFeed()
			b := newBrowser(t, newManager(t, w, asleep(session.Options{})))
			w.beat()
			handle := b.signIn("ada")
			end := func() {
				if _, err := w.inner.Delete(t.Context(), handle); err != nil { // on another node
					t.Fatal(err)
				}
				w.down("Load")
			}
			if loads := 0; name == "before the first look" {
				w.trap(func(context.Context) error {
					if loads++; loads == 1 { // the request's
						return nil
					}
					defer end()
					return errDown
				}, "Load")
			}
			s := openStream(t, b)
			synctest.Wait()
			interrupt(w, end)
			w.beatFor(6 * time.Second)
			if !s.over() {
				t.Error("the stream goes on although nobody could confirm its session for five seconds")
			}
			s.hangUp()
		})
	}
}

// A store that is down ends nothing before its time; a client that hangs up, and a visitor without a session, leave
// nothing behind.
//
// Rows: A42, R8
func TestDoneStaysOpenInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		b := newBrowser(t, m)
		b.signIn("ada")
		s := openStream(t, b)
		st.down()
		time.Sleep(10 * time.Minute)
		if s.over() {
			t.Error("the outage ended the stream")
		}
		st.up()
		s.hangUp()
		if !s.over() {
			t.Error("the stream goes on although the client has hung up")
		}
		stranger := openStream(t, newBrowser(t, m))
		time.Sleep(100 * time.Hour)
		if stranger.over() {
			t.Error("a visitor's stream ended by itself")
		}
		stranger.hangUp()
		if !stranger.over() {
			t.Error("a visitor's stream goes on although the client has hung up")
		}
	})
}

// Done may be asked for more than once, and outside of any manager it never closes.
//
// Rows: A42
func TestDoneMayBeAskedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), asleep(session.Options{}))
		b := newBrowser(t, m)
		b.signIn("ada")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b.send(httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil),
			func(_ http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				first, second := s.Done(), s.Done()
				if err := s.SignOut(); err != nil {
					t.Error(err)
				}
				<-first
				<-second
			})
		if session.From(t.Context()).Done() != nil {
			t.Error("a session of no manager can end")
		}
	})
}

// Done is about the session that there is: one that begins in the same request has an end of its own.
//
// Rows: A42
func TestDoneAfterAnotherSessionHasBegun(t *testing.T) {
	for name, begin := range map[string]func(*session.Session) error{
		"sign-in": func(s *session.Session) error { return s.SignIn("eve") },
		"step-up": func(s *session.Session) error { return s.StepUp() },
	} {
		synctest.Test(t, func(t *testing.T) {
			m := newManager(t, newFaultStore(), asleep(session.Options{}))
			b := newBrowser(t, m)
			b.signIn("ada")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			b.send(httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil),
				func(_ http.ResponseWriter, r *http.Request) {
					s := session.From(r.Context())
					before := s.Done()
					if err := begin(s); err != nil {
						t.Error(err)
					}
					<-before
					after := s.Done()
					synctest.Wait()
					select {
					case <-after:
						t.Errorf("%s: the session that has just begun counts as ended", name)
					default:
					}
					if _, err := m.Revoke(ctx, s.Handle()); err != nil {
						t.Error(err)
					}
					<-after
				})
		})
	}
}

// A stream that has been open for longer than other requests does not take the last use back.
//
// Rows: A42, C5
func TestStreamDoesNotMoveLastSeenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{RotateEvery: -1}))
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		time.Sleep(10 * time.Minute)
		s := openStream(t, b)
		time.Sleep(30 * time.Minute)
		b.user()
		last := time.Now()
		time.Sleep(5 * time.Second)
		s.hangUp()
		<-s.ended
		time.Sleep(5 * time.Second)
		if r, _ := st.record(t, handle); !r.LastSeen.Equal(last) {
			t.Errorf("last seen %v, want %v", r.LastSeen, last)
		}
	})
}

// A session that ends between its load and the call of Done was never watched, so the first look does not wait for
// news.
//
// Rows: A42
func TestDoneClosesForASessionThatHasJustEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), asleep(session.Options{}))
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		began := time.Now()
		b.send(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/events", nil),
			func(_ http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				if _, err := m.Revoke(r.Context(), handle); err != nil {
					t.Error(err)
				}
				<-s.Done()
			})
		if took := time.Since(began); took > time.Second {
			t.Errorf("the end was noticed after %v", took)
		}
	})
}

// openStreams opens streams of the sessions, each in a request of its own, and returns what counts those that go on.
func openStreams(t *testing.T, m *session.Manager, each int, tickets ...string) (open func() int) {
	t.Helper()
	var going atomic.Int64
	var ready sync.WaitGroup
	ctx, hangUp := context.WithCancel(t.Context())
	t.Cleanup(hangUp)
	h := m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		done := session.From(r.Context()).Done()
		going.Add(1)
		ready.Done()
		<-done
		going.Add(-1)
	}))
	for _, ticket := range tickets {
		for range each { // one after the other: the store takes few calls at once
			ready.Add(1)
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/events", nil)
			r.Header.Set("Cookie", "__Host-session="+ticket)
			go h.ServeHTTP(httptest.NewRecorder(), r)
			ready.Wait()
			synctest.Wait() // for its first look as well
		}
	}
	return func() int {
		synctest.Wait()
		return int(going.Load())
	}
}

// signedIn returns the tickets of n users.
func signedIn(t *testing.T, m *session.Manager, n int) (tickets []string) {
	t.Helper()
	for i := range n {
		b := newBrowser(t, m)
		b.signIn("u" + strconv.Itoa(i))
		tickets = append(tickets, b.ticket())
	}
	return tickets
}

// The news of an end is the end: however many streams there are, none of them asks a store that may be busy.
//
// Rows: A42, I9, R3
func TestDoneOfManyClosesWithoutAsking(t *testing.T) {
	for _, c := range []struct {
		name           string
		sessions, each int
		end            func(context.Context, *session.Manager) error
	}{
		{"many sessions", 2_000, 1, func(ctx context.Context, m *session.Manager) error {
			return m.RevokeBefore(ctx, time.Now())
		}},
		{"many streams of one session", 1, 700, func(ctx context.Context, m *session.Manager) error {
			_, err := m.RevokeUser(ctx, "u0")
			return err
		}},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			st := newFaultStore()
			here, there := newManager(t, st, asleep(session.Options{})), newManager(t, st, asleep(session.Options{}))
			open := openStreams(t, here, c.each, signedIn(t, here, c.sessions)...)
			time.Sleep(time.Second) // until each has been looked at for the first time
			if n := open(); n != c.sessions*c.each {
				t.Fatalf("%d streams are open before the end", n)
			}
			loads := st.count("Load")
			st.down("Load")
			if err := c.end(t.Context(), there); err != nil {
				t.Fatal(err)
			}
			if n := open(); n != 0 {
				t.Errorf("%d streams go on", n)
			}
			if n := st.count("Load") - loads; n != 0 {
				t.Errorf("the store was asked %d times", n)
			}
		})
	}
}

// A muffled store tells nothing of what is done while it is mute, as when somebody removes records by hand.
type muffled struct {
	*memory.Store
	mute atomic.Bool
}

func (s *muffled) Subscribe(tell func(store.Notice)) (stop func()) {
	return s.Store.Subscribe(func(n store.Notice) {
		if !s.mute.Load() {
			tell(n)
		}
	})
}

// A user's streams end with the sign-out everywhere, although their records were gone already, and on no other node. A
// stream of a session that is kept goes on, and so do others'.
//
// Rows: A42, R3
func TestDoneClosesWithTheUserWhoseRecordsVanished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &muffled{Store: memory.New()}
		here, there := newManager(t, st, asleep(session.Options{})), newManager(t, st, asleep(session.Options{}))
		streams := make(map[string]*stream)
		handles := make(map[string]store.ID)
		for _, name := range []string{"vanished", "kept", "other"} {
			b, user := newBrowser(t, here), "ada"
			if name == "other" {
				user = "alan"
			}
			handles[name] = b.signIn(user)
			streams[name] = openStream(t, b)
		}
		time.Sleep(time.Second) // until each has been looked at for the first time
		st.mute.Store(true)
		if _, err := st.Delete(t.Context(), handles["vanished"]); err != nil {
			t.Fatal(err)
		}
		st.mute.Store(false)
		time.Sleep(time.Second)
		if streams["vanished"].over() {
			t.Fatal("somebody has told of it")
		}
		if ended, err := there.RevokeUser(t.Context(), "ada", handles["kept"]); ended != 0 || err != nil {
			t.Fatalf("ended %d, %v", ended, err)
		}
		time.Sleep(time.Second)
		for name, s := range streams {
			if over := s.over(); over != (name == "vanished") {
				t.Errorf("%s: over %v", name, over)
			}
			s.hangUp()
		}
	})
}

// While the feed is lost the store is asked, and asked again where it fails or is too busy. What nobody confirms ends.
//
// Rows: A42, R3, R8
func TestDoneClosesByTheLeaseWhenNobodyConfirms(t *testing.T) {
	const streams = 400
	for _, c := range []struct {
		name   string
		ended  bool          // whether the session ended on another node
		hang   bool          // whether loads wait for their time limit, and do not fail at once
		down   time.Duration // how long they do
		within time.Duration // after the last beat
		open   int
	}{
		{"ended, and loads fail for a second", true, false, 1 * time.Second, 5 * time.Second, 0},
		{"ended, and loads fail for long", true, false, time.Hour, 6 * time.Second, 0},
		{"not ended, and loads fail for two seconds", false, false, 2 * time.Second, time.Minute, streams},
		{"not ended, and loads fail for long", false, false, time.Hour, 4 * time.Second, streams},
		{"not ended, and loads go on failing", false, false, time.Hour, 6 * time.Second, 0},
		{"ended, and loads hang", true, true, time.Hour, 5600 * time.Millisecond, 0},
		{"not ended, and loads hang for two seconds", false, true, 2 * time.Second, time.Minute, streams},
		{"not ended, and loads go on hanging", false, true, time.Hour, 5600 * time.Millisecond, 0},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			w := newFarFeed()
			m := newManager(t, w, asleep(session.Options{MaxStoreCalls: 8}))
			w.beat()
			b := newBrowser(t, m)
			handle := b.signIn("ada")
			open := openStreams(t, m, streams, b.ticket())
			w.beatFor(10 * time.Second)
			w.beat()
			if n := open(); n != streams {
				t.Fatalf("%d streams are open before the end", n)
			}
			if c.ended {
				if found, err := w.inner.Delete(t.Context(), handle); !found || err != nil { // on another node
					t.Fatal(found, err)
				}
			}
			w.lost()
			if c.hang {
				w.hang("Load")
			} else {
				w.down("Load")
			}
			time.AfterFunc(c.down, func() { w.up("Load") })
			time.Sleep(c.within)
			if n := open(); n != c.open {
				t.Errorf("%d streams are open after %v, want %d", n, c.within, c.open)
			}
			time.Sleep(5 * time.Second) // calls of the store that have begun end
		})
	}
}
