package session_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

const parallelWriters = 64

// allAtOnce runs n requests of one session whose handlers all have the session before the first of them ends.
func allAtOnce(b *browser, n int, work func(i int, s *session.Session)) {
	b.t.Helper()
	var inside, done sync.WaitGroup
	inside.Add(n)
	for i := range n {
		tab := b.copied()
		done.Go(func() {
			a := tab.with(func(s *session.Session) {
				inside.Done()
				inside.Wait()
				work(i, s)
			})
			if a.status != http.StatusOK {
				b.t.Errorf("request %d: %s", i, describe(a))
			}
		})
	}
	done.Wait()
}

// No update is lost: 64 requests that all began with the same state each set a key of their own.
//
// Rows: A16, R4, I3, ASVS 15.4.2
func TestNoParallelWriteIsLost(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
		b := newBrowser(t, m)
		b.signIn("ada")
		key := func(i int) session.Key[int] { return session.NewKey[int](fmt.Sprintf("key-%d", i)) }
		allAtOnce(b, parallelWriters, func(i int, s *session.Session) {
			if err := key(i).Set(s, i+1); err != nil {
				t.Error(err)
			}
		})
		b.with(func(s *session.Session) {
			for i := range parallelWriters {
				if got := key(i).Get(s); got != i+1 {
					t.Errorf("key %d is %d, want %d", i, got, i+1)
				}
			}
		})
	})
}

// Update computes again from what others left: 64 requests count to 64.
//
// Rows: A16, R4, I3
func TestParallelUpdatesCountExactly(t *testing.T) {
	var events recorder
	o := session.Options{Events: event.NewQueue(events.observe)}
	onEveryStore(t, o, func(t *testing.T, m *session.Manager, _ store.Store) {
		b := newBrowser(t, m)
		b.signIn("ada")
		allAtOnce(b, parallelWriters, func(_ int, s *session.Session) {
			if err := counter.Update(s, func(n int) int { return n + 1 }); err != nil {
				t.Error(err)
			}
		})
		if got := get(b, counter); got != parallelWriters {
			t.Errorf("counted to %d, want %d", got, parallelWriters)
		}
		if len(events.of(t, m, event.Conflict)) == 0 {
			t.Errorf("no conflict is reported; events: %s", events.kinds())
		}
	})
}

// A request of many goroutines is one session as well.
//
// Rows: A16, A26, ASVS 15.4.1
func TestGoroutinesOfOneRequestShareItsSession(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
		b := newBrowser(t, m)
		b.with(func(s *session.Session) {
			var wg sync.WaitGroup
			for i := range parallelWriters {
				wg.Go(func() {
					_ = counter.Update(s, func(n int) int { return n + 1 })
					_ = session.NewKey[int](fmt.Sprintf("key-%d", i)).Set(s, i)
					_, _, _ = counter.Get(s), s.User(), s.Handle()
					for range s.Values() {
					}
				})
			}
			wg.Wait()
		})
		if got := get(b, counter); got != parallelWriters {
			t.Errorf("counted to %d, want %d", got, parallelWriters)
		}
	})
}

// Two orders in which a slow request and a fast one meet, and what has to be there in the end.
//
// Rows: A16, R4, I3
func TestSlowAndFastRequestsKeepBothChanges(t *testing.T) {
	add := func(item string) func(*session.Session) {
		return func(s *session.Session) { _ = appendTo(cart, s, item) }
	}
	setNote := func(v string) func(*session.Session) { return func(s *session.Session) { _ = note.Set(s, v) } }
	drop := func(s *session.Session) { _ = note.Delete(s) }
	for _, c := range []struct {
		name          string
		before, after func(*session.Session) // of the slow request
		fast          func(*session.Session)
		wantCart      []string
		wantNote      string
	}{
		{"each another key", nothing, setNote("slow"), add("milk"), []string{"tea", "milk"}, "slow"},
		{"reader does not write back", func(s *session.Session) { _ = cart.Get(s) }, nothing, add("milk"),
			[]string{"tea", "milk"}, "first"},
		{"both append", add("slow"), add("slower"), add("milk"), []string{"tea", "milk", "slow", "slower"}, "first"},
		{"same key, last save wins", nothing, setNote("slow"), setNote("fast"), []string{"tea"}, "slow"},
		{"delete stays deleted", add("slow"), nothing, drop, []string{"tea", "slow"}, ""},
		{"slow delete", drop, nothing, add("milk"), []string{"tea", "milk"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
				b := newBrowser(t, m)
				b.with(func(s *session.Session) { add("tea")(s); setNote("first")(s) })
				slow := b.copied().begin(c.before, c.after)
				b.with(c.fast)
				slow.end()
				if got := get(b, cart); !slices.Equal(got, c.wantCart) {
					t.Errorf("cart %v, want %v", got, c.wantCart)
				}
				if got := get(b, note); got != c.wantNote {
					t.Errorf("note %q, want %q", got, c.wantNote)
				}
			})
		})
	}
}

// What other requests have saved while a sign-in was on its way goes along too: checking a password takes long enough.
//
// Rows: A16, R4, I3
func TestSignInKeepsWhatOthersSavedMeanwhile(t *testing.T) {
	for _, before := range []string{"", "ada"} {
		t.Run("signed in before: "+before, func(t *testing.T) {
			onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
				b := newBrowser(t, m)
				if before != "" {
					b.signIn(before)
				}
				set(b, cart, []string{"tea"})
				tab := b.copied()
				slow := b.begin(func(s *session.Session) { _ = cart.Get(s) }, func(s *session.Session) {
					if err := s.SignIn("ada"); err != nil {
						t.Errorf("sign in: %v", err)
					}
				})
				tab.with(func(s *session.Session) { _ = appendTo(cart, s, "milk") })
				slow.end()
				if got := get(b, cart); !slices.Equal(got, []string{"tea", "milk"}) {
					t.Errorf("cart %v after sign-in; the answer to another tab had said that the milk is in it", got)
				}
			})
		})
	}
}

// Sessions of different visitors have nothing of each other, however they are mixed in time.
//
// Rows: A26, ASVS 15.4.1
func TestSessionsAreNotMixed(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				user := fmt.Sprintf("user-%d", i)
				b := newBrowser(t, m)
				handle := b.signIn(user)
				for n := range 20 {
					b.with(func(s *session.Session) {
						if s.User() != user || s.Handle() != handle || counter.Get(s) != n {
							t.Errorf("%s got the session of %s with count %d, want %d", user, s.User(), counter.Get(s),
								n)
						}
						_ = counter.Set(s, n+1)
						_ = note.Set(s, user)
					})
				}
				if got := get(b, note); got != user {
					t.Errorf("note of %s is %q", user, got)
				}
			})
		}
		wg.Wait()
	})
}

// A session that is kept beyond its request belongs to that request still: it never becomes that of another one.
//
// Rows: A26
func TestSessionKeptAfterItsRequestStaysItsOwn(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
		b := newBrowser(t, m)
		b.signIn("ada")
		var kept *session.Session
		b.with(func(s *session.Session) { kept = s })
		for range 100 {
			other := newBrowser(t, m)
			other.signIn("alan")
			other.with(func(s *session.Session) {
				if s == kept {
					t.Fatal("a session was handed out a second time")
				}
			})
		}
		if kept.User() != "ada" {
			t.Errorf("the kept session is of %q now", kept.User())
		}
	})
}

// Nothing that a reader gets hold of is shared with the store or with another request.
//
// Rows: A26
func TestValuesAreTheCallersOwn(t *testing.T) {
	onEveryStore(t, session.Options{}, func(t *testing.T, m *session.Manager, _ store.Store) {
		b := newBrowser(t, m)
		set(b, cart, []string{"tea"})
		b.with(func(s *session.Session) {
			items := cart.Get(s)
			items[0] = "poison"
			for _, raw := range s.Values() {
				for i := range raw {
					raw[i] = 'x'
				}
			}
			if got := cart.Get(s); got[0] != "tea" {
				t.Errorf("a reader changed the session to %v", got)
			}
		})
		if got := get(b, cart); got[0] != "tea" {
			t.Errorf("a reader changed the store to %v", got)
		}
	})
}
