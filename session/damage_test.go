package session_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A stored value that does not decode is absent until another is set, and reported once for its session. It stays as it
// is through reads, saves of other keys and sign-ins; the requests and all else go on.
//
// Rows: A27, I13
func TestUnreadableValueIsAbsentAndKept(t *testing.T) {
	for name, json := range map[string]string{
		"other type": `{"a":1}`, "number": `7`, "truncated": `["tea`, "empty": ``, "not JSON": `<php>`,
		"not UTF-8": "\"\xff", "deep": strings.Repeat("[", 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			var events recorder
			st := newFaultStore()
			m := newManager(t, st, session.Options{Events: event.NewQueue(events.observe)})
			b := newBrowser(t, m)
			set(b, note, "kept")
			visitor := b.handle()
			st.edit(t, visitor, func(r *store.Record) {
				bad := store.Value{JSON: json, Carry: true}
				r.Data = r.Data.With(store.Change{Key: "cart", Value: bad}, store.Change{Key: "other", Value: bad})
			})
			kept := func(handle store.ID) {
				t.Helper()
				r, _ := st.record(t, handle)
				if v, there := r.Data.Get("cart"); !there || v.JSON != json || !v.Carry {
					t.Errorf("%.40q is stored, %v, want %.40q", v.JSON, there, json)
				}
			}
			absent := func(s *session.Session) {
				t.Helper()
				items, ok := cart.Lookup(s)
				popped, there := cart.Pop(s)
				if ok || items != nil || there || popped != nil || cart.Get(s) != nil || note.Get(s) != "kept" {
					t.Errorf("cart %v %v, popped %v %v, note %q", items, ok, popped, there, note.Get(s))
				}
			}
			for range 3 {
				if a := b.with(absent); a.status != http.StatusOK || len(a.setCookies()) != 0 {
					t.Errorf("answer %s", describe(a))
				}
			}
			b.with(func(s *session.Session) { absent(s); _ = counter.Set(s, 1) })
			kept(visitor)
			if e := events.the(t, m, event.KeyUnreadable); e.Key != "cart" || e.Handle != visitor || e.Err == nil {
				t.Errorf("event %+v", e)
			}
			user := b.signIn("ada")
			kept(user)
			b.with(func(s *session.Session) { _ = cart.Get(s) })
			kept(user)
			if found := events.of(t, m, event.KeyUnreadable); len(found) != 2 || found[1].Handle != user {
				t.Errorf("events %v, want one for each of the two sessions", found)
			}
			set(b, cart, []string{"tea"})
			if got := get(b, cart); len(got) != 1 {
				t.Errorf("cart %v after it was set", got)
			}
		})
	}
}

// How many unreadable values are remembered as reported is bounded, and so is what a flood of them is told.
//
// Rows: I9, I13
func TestReportsOfUnreadableValuesAreBounded(t *testing.T) {
	var events recorder
	st := newFaultStore()
	m := newManager(t, st, session.Options{Events: event.NewQueue(events.observe), MaxKeys: 5000})
	b := newBrowser(t, m)
	handle := b.signIn("ada")
	key := func(i int) session.Key[int] { return session.NewKey[int](fmt.Sprintf("key-%d", i)) }
	const keys = 1500
	st.edit(t, handle, func(r *store.Record) {
		for i := range keys {
			r.Data = r.Data.With(store.Change{Key: key(i).Name(), Value: store.Value{JSON: `""`}})
		}
	})
	b.with(func(s *session.Session) {
		for i := range keys {
			_ = key(i).Get(s)
			_ = key(i).Get(s)
		}
	})
	if n := len(events.of(t, m, event.KeyUnreadable)); n != keys {
		t.Errorf("%d reports of %d values", n, keys)
	}
}

// Update of an unreadable value starts from nothing, and reports what it replaces.
//
// Rows: A27, I13
func TestUpdateReplacesAnUnreadableValue(t *testing.T) {
	var events recorder
	st := newFaultStore()
	m := newManager(t, st, session.Options{Events: event.NewQueue(events.observe)})
	b := newBrowser(t, m)
	handle := b.signIn("ada")
	st.edit(t, handle, func(r *store.Record) {
		r.Data = r.Data.With(store.Change{Key: "cart", Value: store.Value{JSON: `7`}})
	})
	b.with(func(s *session.Session) {
		if err := appendTo(cart, s, "tea"); err != nil {
			t.Error(err)
		}
	})
	if got := get(b, cart); len(got) != 1 || got[0] != "tea" {
		t.Errorf("cart %v", got)
	}
	if e := events.the(t, m, event.KeyUnreadable); e.Key != "cart" || e.Handle != handle {
		t.Errorf("event %+v", e)
	}
}

// Two requests that set a key whose value neither of them could read lose nothing of each other's.
//
// Rows: A27, I3
func TestUnreadableBaseCountsAsNoneInMerges(t *testing.T) {
	tags := session.NewKey[[]string]("tags", session.Union)
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	b := newBrowser(t, m)
	handle := b.signIn("ada")
	st.edit(t, handle, func(r *store.Record) {
		r.Data = r.Data.With(store.Change{Key: "tags", Value: store.Value{JSON: `{"old":1}`}})
	})
	slow := b.copied().begin(func(s *session.Session) { _ = tags.Set(s, []string{"slow"}) }, nothing)
	set(b, tags, []string{"fast"})
	slow.end()
	if got := get(b, tags); len(got) != 2 {
		t.Errorf("tags %v, want both", got)
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
