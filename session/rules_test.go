package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

var (
	visits = session.NewKey[int]("visits", session.Counter)
	tags   = session.NewKey[[]string]("tags", session.Union)
	longer = session.NewKey[string]("longer", session.Merge(func(_, theirs, mine string) string {
		if len(theirs) > len(mine) {
			return theirs
		}
		return mine
	}))
	strict = session.NewKey[string]("strict", session.Reject)
)

// What becomes of a key that a slow request and a fast one both change, by the rule that it was declared with.
//
// Rows: A16, R4, I3
func TestMergeRulesDecideConflicts(t *testing.T) {
	setTags := func(v ...string) func(*session.Session) { return func(s *session.Session) { _ = tags.Set(s, v) } }
	setVisits := func(v ...int) func(*session.Session) {
		return func(s *session.Session) {
			for _, n := range v {
				_ = visits.Set(s, n)
			}
		}
	}
	setLonger := func(v string) func(*session.Session) { return func(s *session.Session) { _ = longer.Set(s, v) } }
	for _, c := range []struct {
		name             string
		base, slow, fast func(*session.Session)
		want             string
	}{
		{"counter", setVisits(5), setVisits(6), setVisits(8), "9 [] "},
		{"counter, down", setVisits(5), setVisits(3), setVisits(8), "6 [] "},
		{"counter, from nothing", nothing, setVisits(1), setVisits(1), "2 [] "},
		{"counter, set twice in one request", setVisits(5), setVisits(6, 7), setVisits(8), "10 [] "},
		{"counter, deleted", setVisits(5), func(s *session.Session) { _ = visits.Delete(s) }, setVisits(8), "3 [] "},
		{"union", setTags("a"), setTags("a", "b"), setTags("a", "c"), "0 [a c b] "},
		{"union, removed by the slow one", setTags("a", "b"), setTags("b"), setTags("a", "b", "c"), "0 [b c] "},
		{"union, removed by the fast one", setTags("a", "b"), setTags("a", "b", "d"), setTags("b"), "0 [b d] "},
		{"union, both add the same", nothing, setTags("a"), setTags("a"), "0 [a] "},
		{"own rule, mine", setLonger("x"), setLonger("mine"), setLonger("th"), "0 [] mine"},
		{"own rule, theirs", setLonger("x"), setLonger("me"), setLonger("theirs"), "0 [] theirs"},
		{"no conflict", setVisits(5), setVisits(6), setTags("a"), "6 [a] "},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
				b := newBrowser(t, m)
				b.signIn("ada")
				b.with(c.base)
				slow := b.copied().begin(nothing, c.slow)
				b.with(c.fast)
				slow.end()
				var got string
				b.with(func(s *session.Session) { got = fmt.Sprint(visits.Get(s), tags.Get(s), " ", longer.Get(s)) })
				if got = strings.ReplaceAll(got, "]  ", "] "); got != strings.ReplaceAll(c.want, "]  ", "] ") {
					t.Errorf("%q, want %q", got, c.want)
				}
			})
		})
	}
}

// The rules hold however many meet: 64 requests that all began with the same count each add one, and each its own tag.
//
// Rows: A16, R4, I3
func TestMergeRulesHoldForManyWriters(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
		b := newBrowser(t, m)
		b.signIn("ada")
		allAtOnce(b, parallelWriters, func(i int, s *session.Session) {
			_ = visits.Set(s, visits.Get(s)+1)
			_ = tags.Set(s, append(tags.Get(s), fmt.Sprint("tag-", i)))
		})
		if got := get(b, visits); got != parallelWriters {
			t.Errorf("counted to %d, want %d", got, parallelWriters)
		}
		got := get(b, tags)
		slices.Sort(got)
		if got = slices.Compact(got); len(got) != parallelWriters {
			t.Errorf("%d different tags, want %d", len(got), parallelWriters)
		}
	})
}

// Others may be faster more than once: each time the change is put together with what is there then.
//
// Rows: A16, R4, I3
func TestMergeStartsAgainFromTheLatestRecord(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	b := newBrowser(t, m)
	handle := b.signIn("ada")
	b.with(func(s *session.Session) {
		_ = visits.Set(s, 5)
		_ = tags.Set(s, []string{"a"})
	})
	times := 0
	st.trap(func(context.Context) error {
		if times++; times <= 3 {
			st.edit(t, handle, func(r *store.Record) {
				r.Data = r.Data.With(
					store.Change{Key: "visits", Value: store.Value{JSON: fmt.Sprint(5 + 10*times)}},
					store.Change{Key: "tags", Value: store.Value{JSON: `["a","t` + fmt.Sprint(times) + `"]`}},
				)
			})
		}
		return nil
	}, "Save")
	b.with(func(s *session.Session) {
		_ = visits.Set(s, 6)
		_ = tags.Set(s, []string{"a", "mine"})
	})
	b.with(func(s *session.Session) {
		if n, list := visits.Get(s), fmt.Sprint(tags.Get(s)); n != 36 || list != "[a t3 mine]" {
			t.Errorf("visits %d, tags %s; want 36 and [a t3 mine]", n, list)
		}
	})
}

// A key that refuses concurrent changes: the second request is answered 409, and nothing of it is saved.
//
// Rows: A16, R4
func TestRejectedConflictAnswers409(t *testing.T) {
	var events recorder
	o := session.Options{Events: event.NewQueue(events.observe)}
	onEveryStore(t, o, func(t *testing.T, m *session.Manager, _ store.Store) {
		b := newBrowser(t, m)
		b.signIn("ada")
		set(b, strict, "base")
		slow := b.copied().begin(func(s *session.Session) { _ = strict.Get(s) }, func(s *session.Session) {
			_ = strict.Set(s, "slow")
			_ = note.Set(s, "slow")
		})
		set(b, strict, "fast")
		a := slow.end()
		if a.status != http.StatusConflict || a.body == "done" || a.header.Get("Retry-After") != "" {
			t.Errorf("answer %s, want 409", describe(a))
		}
		if get(b, strict) != "fast" || get(b, note) != "" {
			t.Errorf("strict %q, note %q; want what the fast request saved", get(b, strict), get(b, note))
		}
	})
}

// A handler that saves itself hears of a failure, and its own answer goes out.
//
// Rows: A16, R4
func TestSaveTellsTheHandlerOfFailure(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(*faultStore, *browser)
		want error
	}{
		{"conflict", func(_ *faultStore, b *browser) { set(b, strict, "fast") }, session.ErrConflict},
		{"store down", func(st *faultStore, _ *browser) { st.down("Save") }, errDown},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := newFaultStore()
			m := newManager(t, st, session.Options{})
			b := newBrowser(t, m)
			b.signIn("ada")
			set(b, strict, "base")
			a := b.copied().visit(func(w http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				_ = strict.Set(s, "mine")
				c.fail(st, b)
				err := s.Save()
				st.up()
				if !errors.Is(err, c.want) {
					t.Errorf("save: %v, want %v", err, c.want)
				}
				if got := strict.Get(s); err != nil && got == "mine" {
					t.Error("what was not saved is still there to read")
				}
				w.WriteHeader(http.StatusTeapot)
				_, _ = io.WriteString(w, "the handler's own words")
			})
			if a.status != http.StatusTeapot || a.body != "the handler's own words" {
				t.Errorf("answer %s, want the handler's", describe(a))
			}
			if got := get(b, strict); got == "mine" {
				t.Error("what Save refused was saved later")
			}
		})
	}
}

// Save makes the changes durable there and then, with the ticket still to come.
//
// Rows: I2
func TestSaveIsDurableAtOnce(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, st store.Store) {
		b := newBrowser(t, m)
		a := b.with(func(s *session.Session) {
			_ = note.Set(s, "one")
			if err := s.Save(); err != nil {
				t.Errorf("save: %v", err)
			}
			if rows(t, st) != 1 || s.Handle().IsZero() {
				t.Error("not saved")
			}
			_ = note.Set(s, "two")
		})
		if len(a.setCookies()) != 1 || get(b, note) != "two" || rows(t, st) != 1 {
			t.Errorf("cookies %v, note %q", a.setCookies(), get(b, note))
		}
		b.with(func(s *session.Session) {
			if err := s.Save(); err != nil {
				t.Errorf("saving nothing: %v", err)
			}
		})
	})
}

// The page for a conflict is the app's own, and its status stays.
//
// Rows: A16, R4
func TestConflictPageCanBeReplaced(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{
		Conflict: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "our own page")
		}),
	})
	b := newBrowser(t, m)
	b.signIn("ada")
	set(b, strict, "base")
	a := b.copied().visit(func(w http.ResponseWriter, r *http.Request) {
		_ = strict.Set(session.From(r.Context()), "mine")
		set(b, strict, "fast")
		_, _ = io.WriteString(w, "saved")
	})
	if a.status != http.StatusConflict || a.body != "our own page" {
		t.Errorf("answer %s", describe(a))
	}
}

// A value that is to be shown once is there once.
func TestPop(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	set(b, note, "saved")
	pop := func() (v string, ok bool) {
		b.with(func(s *session.Session) { v, ok = note.Pop(s) })
		return v, ok
	}
	if v, ok := pop(); v != "saved" || !ok {
		t.Errorf("got %q, %t", v, ok)
	}
	if v, ok := pop(); v != "" || ok {
		t.Errorf("a second time: %q, %t", v, ok)
	}
}
