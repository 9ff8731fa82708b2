package session_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A stored value that does not decode any more resets that key, once, and says so; the request and all else go on.
//
// Rows: A27, I13
func TestUnreadableValueResetsItsKeyAlone(t *testing.T) {
	for name, json := range map[string]string{
		"other type": `{"a":1}`, "number": `7`, "truncated": `["tea`, "empty": ``, "not JSON": `<php>`,
		"not UTF-8": "\"\xff", "deep": strings.Repeat("[", 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			var events recorder
			st := newFaultStore()
			m := newManager(t, st, session.Options{Events: event.NewQueue(events.observe)})
			b := newBrowser(t, m)
			handle := b.signIn("ada")
			set(b, note, "kept")
			st.edit(t, handle, func(r *store.Record) {
				r.Data = r.Data.With(store.Change{Key: "cart", Value: store.Value{JSON: json}})
			})
			a := b.with(func(s *session.Session) {
				items, ok := cart.Lookup(s)
				again := cart.Get(s)
				if ok || items != nil || again != nil || note.Get(s) != "kept" || s.User() != "ada" {
					t.Errorf("cart %v %v, note %q, user %q", items, ok, note.Get(s), s.User())
				}
			})
			if a.status != http.StatusOK {
				t.Errorf("answer %s", describe(a))
			}
			r, _ := st.record(t, handle)
			if _, there := r.Data.Get("cart"); there {
				t.Error("the unreadable value is still stored")
			}
			set(b, cart, []string{"tea"})
			if got := get(b, cart); len(got) != 1 {
				t.Errorf("cart %v after it was set again", got)
			}
			if e := events.the(t, m, event.KeyUnreadable); e.Key != "cart" || e.Handle != handle || e.Err == nil {
				t.Errorf("event %+v", e)
			}
		})
	}
}

// Update of an unreadable value starts from nothing, and a good value that another request has written meanwhile is not
// reset.
//
// Rows: A27, I13
func TestUpdateReplacesAnUnreadableValue(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	b := newBrowser(t, m)
	handle := b.signIn("ada")
	spoil := func() {
		st.edit(t, handle, func(r *store.Record) {
			r.Data = r.Data.With(store.Change{Key: "cart", Value: store.Value{JSON: `7`}})
		})
	}
	spoil()
	b.with(func(s *session.Session) {
		if err := appendTo(cart, s, "tea"); err != nil {
			t.Error(err)
		}
	})
	if got := get(b, cart); len(got) != 1 || got[0] != "tea" {
		t.Errorf("cart %v", got)
	}
	spoil()
	slow := b.copied().begin(func(s *session.Session) { _ = cart.Get(s) }, nothing)
	set(b, cart, []string{"good"})
	slow.end()
	if got := get(b, cart); len(got) != 1 || got[0] != "good" {
		t.Errorf("cart %v; the reset took a good value along", got)
	}
}

// A record that the store cannot decode is absent, and reported: its visitor begins anew instead of seeing an error for
// ever.
//
// Rows: A27, I13
func TestDamagedRecordCountsAsAbsent(t *testing.T) {
	var events recorder
	st := newFaultStore()
	m := newManager(t, st, session.Options{Events: event.NewQueue(events.observe)})
	b := newBrowser(t, m)
	b.signIn("ada")
	st.trap(func(context.Context) error { return store.ErrDamaged }, "Load")
	for range 20 { // more than would close the way if it counted as an outage
		if a := b.with(func(s *session.Session) {
			if s.SignedIn() {
				t.Error("signed in by a record that cannot be read")
			}
		}); a.status != http.StatusOK || len(a.setCookies()) != 0 {
			t.Fatalf("answer %s", describe(a))
		}
	}
	b.signIn("ada")
	st.up()
	if b.user() != "ada" {
		t.Error("cannot begin anew")
	}
	if len(events.of(t, m, event.StoreError)) == 0 {
		t.Error("the damage is not reported")
	}
}

// What cannot be JSON is refused when it is set, and leaves what was there.
//
// Rows: A27
func TestUnstorableValueIsRefused(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	ch := session.NewKey[any]("any")
	b := newBrowser(t, m)
	b.with(func(s *session.Session) {
		if err := ch.Set(s, "good"); err != nil {
			t.Error(err)
		}
		if err := ch.Set(s, make(chan int)); err == nil {
			t.Error("a channel was stored")
		}
		if err := ch.Update(s, func(any) any { return func() {} }); err == nil {
			t.Error("a function was stored")
		}
	})
	if got := get(b, ch); got != "good" {
		t.Errorf("%v", got)
	}
}

// Values are JSON, and sorted by key, for those who hand them on.
//
// Rows: A27
func TestValuesAreSortedJSON(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	b := newBrowser(t, m)
	b.with(func(s *session.Session) {
		_ = note.Set(s, `quoted "x" <é>`)
		_ = cart.Set(s, []string{"tea"})
		_ = counter.Set(s, 3)
	})
	var got []string
	b.with(func(s *session.Session) {
		for key, value := range s.Values() {
			got = append(got, key+"="+string(value))
		}
		for range s.Values() {
			break
		}
	})
	if want := `cart=["tea"] counter=3 note="quoted \"x\" \u003cé\u003e"`; strings.Join(got, " ") != want {
		t.Errorf("%s\nwant %s", strings.Join(got, " "), want)
	}
}
