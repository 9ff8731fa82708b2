package session_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// The life of sessions as observers are told of it, in order, each with who and which.
//
// Rows: C7, C14, ASVS 16.2.1, ASVS 16.3.1, ASVS 16.3.3
func TestEveryStepOfASessionIsAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events recorder
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{Events: event.NewQueue(events.observe)}))
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
		ctx = session.WithActorAddress(ctx, "192.0.2.9")
		if _, err := m.RevokeUser(ctx, "ada"); err != nil {
			t.Fatal(err)
		}
		expired := b.signIn("alan")
		time.Sleep(2 * time.Hour)
		b.user()

		want := []event.Event{
			{Kind: event.Created, Handle: visitor, Address: "192.0.2.7"},
			{Kind: event.Created, Handle: user, Was: visitor, User: "ada", Address: "192.0.2.7"},
			{Kind: event.SignedIn, Handle: user, Was: visitor, User: "ada", Address: "192.0.2.7", Reason: "password"},
			{Kind: event.Forged, Handle: user, Address: "192.0.2.8", Reason: "wrong secret"},
			{Kind: event.Unknown, Address: "192.0.2.8"},
			{Kind: event.Forged, Address: "192.0.2.8", Reason: "malformed"},
			{Kind: event.SteppedUp, Handle: stepped, Was: user, User: "ada", Address: "192.0.2.7", Reason: "passkey"},
			{Kind: event.SignedOut, Handle: stepped, User: "ada", Address: "192.0.2.7"},
			{Kind: event.Created, Handle: revoked, User: "ada", Address: "192.0.2.7"},
			{Kind: event.SignedIn, Handle: revoked, User: "ada", Address: "192.0.2.7"},
			{Kind: event.Revoked, Handle: revoked, User: "ada", Address: "192.0.2.9", Actor: "root",
				Reason: "left the company"},
			{Kind: event.Unknown, Address: "192.0.2.7"}, // comes with the ticket that was revoked
			{Kind: event.Created, Handle: expired, User: "alan", Address: "192.0.2.7"},
			{Kind: event.SignedIn, Handle: expired, User: "alan", Address: "192.0.2.7"},
			{Kind: event.UsedExpired, Handle: expired, User: "alan", Address: "192.0.2.7"},
		}
		got := events.all(t, m)
		for i, e := range got {
			if e.At.IsZero() || e.At.After(time.Now()) {
				t.Errorf("event %s at %v", e.Kind, e.At)
			}
			got[i].At = time.Time{}
			if e.Kind == event.Unknown && e.Handle.IsZero() {
				t.Error("an unknown ticket without its handle")
			} else if e.Kind == event.Unknown {
				got[i].Handle = store.ID{}
			}
		}
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Fatalf("event %d of %d: got %+v\nwant %+v", i, len(want), at(got, i), at(want, i))
			}
		}
	})
}

func at(events []event.Event, i int) any {
	if i < len(events) {
		return events[i]
	}
	return "none"
}

// An observer that is slow, or blocks for ever, delays no request; it loses what does not fit, and that is counted.
//
// Rows: I9, ASVS 16.5.2
func TestSlowObserverDelaysNoRequest(t *testing.T) {
	blocked := make(chan struct{})
	var told recorder
	m := session.New(newFaultStore(), session.Options{Events: event.NewQueue(func(event.Event) { <-blocked },
		told.observe)})
	b := newBrowser(t, m)
	b.setTicket(malformed(1))
	const n = 20000
	within(t, "requests beside a blocked observer", func() {
		for range n {
			b.user()
		}
	})
	lost := m.Options().Events.Lost()
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
	m := newManager(t, memory.New(), session.Options{Events: event.NewQueue(func(event.Event) {
		mu.Lock()
		told++
		mu.Unlock()
		panic("observer")
	})})
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
	if told != 10 || m.Options().Events.Lost() != 10 {
		t.Errorf("told %d, lost %d; want 10 and 10", told, m.Options().Events.Lost())
	}
}

// Each observer is told one event at a time, in their order.
//
// Rows: C7
func TestObserversHearEventsInOrder(t *testing.T) {
	var events recorder
	m := newManager(t, newFaultStore(), session.Options{Events: event.NewQueue(events.observe)})
	b := newBrowser(t, m)
	for range 50 {
		b.signIn("ada")
		b.with(func(s *session.Session) { _ = s.SignOut() })
	}
	last := event.SignedOut
	for _, e := range events.all(t, m) {
		if e.Kind == event.Created {
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
	if a := b.with(nothing); strings.Contains(a.body, errDown.Error()) || strings.Contains(a.body, "session:") ||
		strings.Contains(a.body, "ada") {
		t.Errorf("answer %s", describe(a))
	}
}
