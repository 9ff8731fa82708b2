package session_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
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
