package session_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A noHijack connection cannot be handed over. It counts who tried.
type noHijack struct {
	*httptest.ResponseRecorder
	tried int
}

var errNoHijack = errors.New("no hijack")

func (w *noHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.tried++
	return nil, nil, errNoHijack
}

// A connection that cannot be handed over is answered like any other, and one is not asked for while a change is not
// durable.
//
// Rows: A42, I2
func TestFailedHijackLeavesTheResponse(t *testing.T) {
	for _, down := range []bool{false, true} {
		st := newFaultStore()
		m := newManager(t, st, session.Options{})
		b := newBrowser(t, m)
		b.signIn("ada")
		w := &noHijack{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", b.cookieHeader())
		m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			if down {
				st.down("Save")
				if err := note.Set(s, "lost"); err != nil {
					t.Error(err)
				}
			}
			if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
				t.Error("a connection was handed over")
			}
			if err := s.SignIn("alan"); !down && err != nil {
				t.Errorf("sign-in after it: %v", err)
			}
		})).ServeHTTP(w, r)
		if tried := w.tried > 0; tried == down {
			t.Errorf("store down: %v, and the connection was asked for: %v", down, tried)
		}
		b.take(w.Result())
		if !down && b.user() != "alan" {
			t.Errorf("user %q", b.user())
		}
	}
}

// A flush reaches the connection.
//
// Rows: A42
func TestFlushReachesTheConnection(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	w := httptest.NewRecorder()
	m.Handler(http.HandlerFunc(func(inner http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(inner).Flush(); err != nil || !w.Flushed {
			t.Errorf("flushed: %v, %v", w.Flushed, err)
		}
	})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
}

// An alarm ends a session once: who finds it ended by others reports no end of their own.
//
// Rows: A14, C7
func TestTheftOfAnEndedSessionEndsNothing(t *testing.T) {
	inRotation(t, "", session.Options{},
		func(t *testing.T, m *session.Manager, st *faultStore, b *browser, events *recorder) {
			thief := stealAndRotate(t, b)
			handle := b.handle()
			time.Sleep(time.Hour)
			st.trap(func(ctx context.Context) error {
				_, err := st.inner.Delete(ctx, handle)
				return err
			}, "Delete")
			if thief.user() != "" {
				t.Error("a stolen secret is good")
			}
			if len(events.of(t, m, event.Theft)) != 1 || len(events.of(t, m, event.Revoked)) != 0 {
				t.Errorf("events %s", events.kinds())
			}
		})
}

// An end that ends nothing is no event.
//
// Rows: C7
func TestRevokingNothingIsNoEvent(t *testing.T) {
	var events recorder
	m := newManager(t, newFaultStore(), session.Options{Events: event.NewQueue(events.observe)})
	if existed, err := m.Revoke(t.Context(), store.NewID()); existed || err != nil {
		t.Errorf("revoked %v, %v", existed, err)
	}
	if n := len(events.all(t, m)); n != 0 {
		t.Errorf("events %s", events.kinds())
	}
}

// What a request stores in the session that it has begun meets nobody.
//
// Rows: A16
func TestChangesOfANewSessionMeetNobody(t *testing.T) {
	var events recorder
	st := newFaultStore()
	m := newManager(t, st, session.Options{Events: event.NewQueue(events.observe)})
	b := newBrowser(t, m)
	b.with(func(s *session.Session) {
		if err := errors.Join(s.SignIn("ada"), note.Set(s, "x")); err != nil {
			t.Error(err)
		}
	})
	if n := st.count("Save"); n != 1 || get(b, note) != "x" {
		t.Errorf("%d saves, note %q", n, get(b, note))
	}
	if n := len(events.of(t, m, event.Conflict)); n != 0 {
		t.Errorf("%d conflicts", n)
	}
}

// What is saved says when the session was used, without a touch.
//
// Rows: C5
func TestSaveNotesTheUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		b := newBrowser(t, newManager(t, st, asleep(session.Options{})))
		handle := b.signIn("ada")
		time.Sleep(30 * time.Second)
		set(b, note, "x")
		if r, _ := st.record(t, handle); !r.LastSeen.Equal(time.Now()) {
			t.Errorf("last seen %v, want %v", r.LastSeen, time.Now())
		}
	})
}

// A key that this request has not seen may be there by the time its change is saved.
//
// Rows: I3, A16
func TestDeleteOfAnUnseenKeyHolds(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	slow := b.begin(func(s *session.Session) { s.User(); _ = note.Get(s) }, func(s *session.Session) {
		if err := note.Delete(s); err != nil {
			t.Error(err)
		}
	})
	set(b.copied(), note, "x")
	slow.end()
	if got := get(b, note); got != "" {
		t.Errorf("note %q, although it was deleted last", got)
	}
}

// A sign-in that fails ends nothing.
//
// Rows: A42, R9
func TestFailedSignInEndsNoStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		b := newBrowser(t, newManager(t, st, asleep(session.Options{})))
		set(b, note, "x")
		s := openStream(t, b)
		time.Sleep(time.Second)
		st.down("Create")
		b.copied().with(func(s *session.Session) {
			if err := s.SignIn("ada"); err == nil {
				t.Error("signed in without a store")
			}
		})
		if s.over() {
			t.Error("the visitor's stream ended with a sign-in that failed")
		}
		s.hangUp()
	})
}

// Only failures in a row open the breaker.
//
// Rows: R10
func TestSuccessClosesTheCountOfFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		b := newBrowser(t, newManager(t, st, asleep(session.Options{})))
		b.signIn("ada")
		for range 3 {
			st.down("Load")
			for range 4 {
				if a := b.with(nothing); a.status != http.StatusServiceUnavailable {
					t.Errorf("while the store fails: %s", describe(a))
				}
			}
			st.up("Load")
			if a := b.with(nothing); a.status != http.StatusOK {
				t.Fatalf("when it is back: %s", describe(a))
			}
		}
	})
}

// Touches that could not be written are written without another request, and newer ones of other sessions with them.
//
// Rows: R6, R8
func TestUnwrittenTouchesAreWrittenLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{RotateEvery: -1}))
		ada, alan := newBrowser(t, m), newBrowser(t, m)
		first, second := ada.signIn("ada"), alan.signIn("alan")
		time.Sleep(10 * time.Minute)
		st.trap(func(context.Context) error {
			time.Sleep(2 * time.Second)
			return errDown
		}, "Touch")
		seen := time.Now()
		ada.user()
		time.Sleep(2 * time.Second) // now hers is on its way
		later := time.Now()
		alan.user()
		time.Sleep(2 * time.Second)
		st.up("Touch")
		time.Sleep(5 * time.Second)
		if r, _ := st.record(t, first); !r.LastSeen.Equal(seen) {
			t.Errorf("last seen %v, want %v", r.LastSeen, seen)
		}
		if r, _ := st.record(t, second); !r.LastSeen.Equal(later) {
			t.Errorf("the other one: last seen %v, want %v", r.LastSeen, later)
		}
	})
}

// A session that a handler's panic has left behind takes no changes: they would be lost without a word.
//
// Rows: I14
func TestSessionAfterAPanicIsTooLate(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	var kept *session.Session
	func() {
		defer func() { _ = recover() }()
		newBrowser(t, m).with(func(s *session.Session) {
			kept = s
			panic("boom")
		})
	}()
	if err := note.Set(kept, "x"); !errors.Is(err, session.ErrTooLate) {
		t.Errorf("got %v, want ErrTooLate", err)
	}
}

// A session without an idle timeout is touched as seldom as others.
//
// Rows: R6
func TestTouchesWithoutIdleTimeoutAreThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{RotateEvery: -1}))
		b := newBrowser(t, m)
		st.edit(t, b.signIn("ada"), func(r *store.Record) { r.IdleTimeout = 0 }) // as of a session that moved in
		for range 85 {
			time.Sleep(700 * time.Millisecond) // never when a touch is written, which may go either way
			b.user()
		}
		if n := st.count("Touch"); n > 4 {
			t.Errorf("%d writes in a minute", n)
		}
	})
}

// countedHeaders counts how often a status is written.
type countedHeaders struct {
	*httptest.ResponseRecorder
	statuses []int
}

func (w *countedHeaders) WriteHeader(status int) {
	w.statuses = append(w.statuses, status)
	w.ResponseRecorder.WriteHeader(status)
}

// The site's own page for an outage may have a status of its own.
//
// Rows: R8
func TestUnavailablePageWritesOneStatus(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{Unavailable: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "Back soon")
	})})
	b := newBrowser(t, m)
	b.signIn("ada")
	st.down()
	w := &countedHeaders{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", b.cookieHeader())
	m.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the page was made")
	})).ServeHTTP(w, r)
	if !slices.Equal(w.statuses, []int{http.StatusEarlyHints, http.StatusBadGateway}) {
		t.Errorf("statuses %v", w.statuses)
	}
}

// What a late request stores for a session that was replaced is dropped for half a minute at least, and for a minute at
// most.
//
// Rows: A13
func TestReplacedSessionIsRememberedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), asleep(session.Options{}))
		b := newBrowser(t, m)
		set(b, note, "x")
		old := b.copied()
		b.signIn("ada")
		for _, c := range []struct {
			wait    time.Duration
			dropped bool
		}{{time.Second, true}, {28 * time.Second, true}, {5 * time.Second, true}, {30 * time.Second, false}} {
			time.Sleep(c.wait)
			a := set(old.copied(), note, "late")
			if got := len(a.setCookies()) == 0; got != c.dropped {
				t.Errorf("%v later: dropped %v, want %v", c.wait, got, c.dropped)
			}
		}
	})
}
