package session_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// The life of sessions as observers are told of it, in order, each with who and which.
//
// Rows: C7, C14, ASVS 16.2.1, ASVS 16.3.1, ASVS 16.3.3
func TestEveryStepOfASessionIsAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events recorder
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{Observers: []session.Observer{events.observe}}))
		b := newBrowser(t, m)
		b.address = "192.0.2.7:1234"
		set(b, note, "x")
		visitor := b.handle()
		user := b.signIn("ada", session.By("password"))
		other := newBrowser(t, m)
		other.address = "192.0.2.8:1234"
		other.setTicket(b.ticket()[:23] + unknownTicket(1)[23:])
		other.user()
		other.setTicket(unknownTicket(1))
		other.user()
		other.setTicket(malformed(1))
		other.user()
		stepUp(b, session.By("passkey"))
		stepped := b.handle()
		b.with(func(s *session.Session) { _ = s.SignOut() })
		revoked := b.signIn("ada")
		ctx := session.WithActor(t.Context(), "root", "left the company")
		if _, err := m.RevokeUser(ctx, "ada"); err != nil {
			t.Fatal(err)
		}
		expired := b.signIn("alan")
		time.Sleep(2 * time.Hour)
		b.user()

		want := []session.Event{
			{Kind: session.EventCreated, Handle: visitor, Address: "192.0.2.7"},
			{Kind: session.EventCreated, Handle: user, User: "ada", Address: "192.0.2.7"},
			{Kind: session.EventSignedIn, Handle: user, User: "ada", Address: "192.0.2.7", Reason: "password"},
			{Kind: session.EventForged, Handle: user, Address: "192.0.2.8", Reason: "wrong secret"},
			{Kind: session.EventUnknown, Address: "192.0.2.8"},
			{Kind: session.EventForged, Address: "192.0.2.8", Reason: "malformed"},
			{Kind: session.EventSteppedUp, Handle: stepped, User: "ada", Address: "192.0.2.7", Reason: "passkey"},
			{Kind: session.EventSignedOut, Handle: stepped, User: "ada", Address: "192.0.2.7"},
			{Kind: session.EventCreated, Handle: revoked, User: "ada", Address: "192.0.2.7"},
			{Kind: session.EventSignedIn, Handle: revoked, User: "ada", Address: "192.0.2.7"},
			{Kind: session.EventRevoked, Handle: revoked, User: "ada", Actor: "root", Reason: "left the company"},
			{Kind: session.EventUnknown, Address: "192.0.2.7"}, // comes with the ticket that was revoked
			{Kind: session.EventCreated, Handle: expired, User: "alan", Address: "192.0.2.7"},
			{Kind: session.EventSignedIn, Handle: expired, User: "alan", Address: "192.0.2.7"},
			{Kind: session.EventUsedExpired, Handle: expired, User: "alan", Address: "192.0.2.7"},
		}
		got := events.all(t, m)
		for i, e := range got {
			if e.At.IsZero() || e.At.After(time.Now()) {
				t.Errorf("event %s at %v", e.Kind, e.At)
			}
			got[i].At = time.Time{}
			if e.Kind == session.EventUnknown && e.Handle.IsZero() {
				t.Error("an unknown ticket without its handle")
			} else if e.Kind == session.EventUnknown {
				got[i].Handle = session.Handle{}
			}
		}
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Fatalf("event %d of %d: got %+v\nwant %+v", i, len(want), at(got, i), at(want, i))
			}
		}
	})
}

func at(events []session.Event, i int) any {
	if i < len(events) {
		return events[i]
	}
	return "none"
}

// Names follow the OWASP logging vocabulary where it has a word; none is used twice.
//
// Rows: C14, ASVS 16.2.4
func TestEventNamesFollowTheVocabulary(t *testing.T) {
	for kind, want := range map[session.Kind]string{
		session.EventCreated: "session_created", session.EventRotated: "session_renewed", session.EventExpired: "session_expired",
		session.EventUsedExpired: "session_use_after_expire", session.EventSignedIn: "authn_login_success",
		session.EventTheft: "authn_token_reuse", session.EventLimit: "excess_sessions_exceeded", session.EventSignedOut: "session_logout",
	} {
		if string(kind) != want {
			t.Errorf("%q, and OWASP says %q", kind, want)
		}
	}
}

// The slog observer writes attacks and failures as warnings, touches for debugging, and what a line means in named fields.
//
// Rows: C7, ASVS 16.2.1, ASVS 16.2.4, ASVS 16.4.1
func TestLogEventsWritesLevelsAndFields(t *testing.T) {
	var out bytes.Buffer
	observe := session.LogEvents(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	handle := store.NewID()
	for _, c := range []struct {
		e     session.Event
		level string
		want  map[string]any
	}{
		{session.Event{Kind: session.EventSignedIn, User: "ada", Handle: handle, Address: "192.0.2.1", Reason: "password"}, "INFO",
			map[string]any{"user": "ada", "session": handle.String(), "address": "192.0.2.1", "reason": "password"}},
		{session.Event{Kind: session.EventRevoked, Actor: "root"}, "INFO", map[string]any{"actor": "root"}},
		{session.Event{Kind: session.EventTouched, Count: 3}, "DEBUG", map[string]any{"count": 3.0}},
		{session.Event{Kind: session.EventTheft}, "WARN", nil},
		{session.Event{Kind: session.EventForged}, "WARN", nil},
		{session.Event{Kind: session.EventDuplicate, Count: 2}, "WARN", map[string]any{"count": 2.0}},
		{session.Event{Kind: session.EventStoreError, Err: errDown}, "WARN", map[string]any{"error": "connection refused"}},
		{session.Event{Kind: session.EventKeyUnreadable, Key: "cart"}, "WARN", map[string]any{"key": "cart"}},
		{session.Event{Kind: session.EventSignedIn, User: "a\nlevel=WARN msg=forged"}, "INFO", map[string]any{"user": "a\nlevel=WARN msg=forged"}},
	} {
		out.Reset()
		observe(c.e)
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 1 {
			t.Errorf("%s: %v in %q", c.e.Kind, err, out.String())
			continue
		}
		if line["msg"] != string(c.e.Kind) || line["level"] != c.level {
			t.Errorf("%s is logged as %v %v, want level %s", c.e.Kind, line["level"], line["msg"], c.level)
		}
		for key, want := range c.want {
			if line[key] != want {
				t.Errorf("%s: %s is %v, want %v", c.e.Kind, key, line[key], want)
			}
		}
		for key := range line {
			if _, known := c.want[key]; !known && !slices.Contains([]string{"time", "level", "msg", "at"}, key) {
				t.Errorf("%s: the field %s is there, and empty", c.e.Kind, key)
			}
		}
	}
}

// An observer that is slow, or blocks for ever, delays no request; it loses what does not fit, and that is counted.
//
// Rows: I9, ASVS 16.5.2
func TestSlowObserverDelaysNoRequest(t *testing.T) {
	blocked := make(chan struct{})
	var told recorder
	m := session.New(newFaultStore(), session.Options{Observers: []session.Observer{
		func(session.Event) { <-blocked }, told.observe,
	}})
	b := newBrowser(t, m)
	b.setTicket(malformed(1))
	const n = 5000
	within(t, "requests beside a blocked observer", func() {
		for range n {
			b.user()
		}
	})
	lost := m.EventsLost()
	if lost == 0 || lost >= 2*n {
		t.Errorf("%d events lost, want some of %d", lost, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	within(t, "Close beside a blocked observer", func() { _ = m.Close(ctx) })
	close(blocked)
	within(t, "Close", func() { _ = m.Close(t.Context()) })
	told.mu.Lock()
	defer told.mu.Unlock()
	if len(told.events) == 0 {
		t.Error("the other observer was told nothing")
	}
}

// A panic of an observer is its own, and the next event is told.
//
// Rows: I14
func TestObserverIsToldAfterItsPanic(t *testing.T) {
	var mu sync.Mutex
	told := 0
	m := newManager(t, newFaultStore(), session.Options{Observers: []session.Observer{func(session.Event) {
		mu.Lock()
		told++
		mu.Unlock()
		panic("observer")
	}}})
	b := newBrowser(t, m)
	b.setTicket(malformed(1))
	for range 10 {
		if a := b.with(nothing); a.status != http.StatusOK {
			t.Fatalf("answer %s", describe(a))
		}
	}
	_ = m.Close(t.Context())
	mu.Lock()
	defer mu.Unlock()
	if told != 10 || m.EventsLost() != 10 {
		t.Errorf("told %d, lost %d; want 10 and 10", told, m.EventsLost())
	}
}

// Each observer is told one event at a time, in their order.
//
// Rows: C7
func TestObserversHearEventsInOrder(t *testing.T) {
	var events recorder
	m := newManager(t, newFaultStore(), session.Options{Observers: []session.Observer{events.observe}})
	b := newBrowser(t, m)
	for range 50 {
		b.signIn("ada")
		b.with(func(s *session.Session) { _ = s.SignOut() })
	}
	last := session.EventSignedOut
	for _, e := range events.all(t, m) {
		if e.Kind == session.EventCreated {
			continue
		}
		if e.Kind == last {
			t.Fatalf("two events %s in a row: %s", last, events.kinds())
		}
		last = e.Kind
	}
}

// Errors that reach a visitor tell nothing of the inside.
//
// Rows: ASVS 16.5.1
func TestErrorsToVisitorsAreGeneric(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	st.down()
	if a := b.with(nothing); strings.Contains(a.body, errDown.Error()) || strings.Contains(a.body, "session:") || strings.Contains(a.body, "ada") {
		t.Errorf("answer %s", describe(a))
	}
}
