package near

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
	"coatcheck.dev/test/internal/wire"
)

// A browser keeps the cookie of one site that runs on two nodes.
type browser struct {
	*testing.T
	nodes  [2]*session.Manager
	cookie string
}

// twoNodes returns the browser of a site of two nodes, and their ways to the store. Their feeds are up.
func twoNodes(t *testing.T, delay time.Duration) (b *browser, wires [2]*wire.Store) {
	t.Helper()
	b = &browser{T: t}
	far := memory.New()
	for i := range wires {
		wires[i] = wire.New(far, wire.Options{Delay: delay})
		t.Cleanup(wires[i].Close)
		cache := near.New(wires[i], near.Options{})
		t.Cleanup(cache.Close)
		b.nodes[i] = session.New(cache, session.Options{SweepInterval: -1})
		t.Cleanup(func() { _ = b.nodes[i].Close(context.Background()) })
	}
	time.Sleep(2 * time.Second)
	return b, wires
}

// at makes a request at a node.
func (b *browser) at(node int, fn func(*session.Session)) {
	b.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0")
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	w := httptest.NewRecorder()
	b.nodes[node].Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fn(session.From(r.Context()))
	})).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Errorf("status %d", w.Code)
	}
	for _, line := range w.Header()["Set-Cookie"] {
		b.cookie, _, _ = strings.Cut(line, ";")
	}
}

func (b *browser) is(node int, user string) {
	b.Helper()
	b.at(node, func(s *session.Session) {
		if got := s.User(); got != user {
			b.Errorf("node %d takes the visitor for %q, want %q", node, got, user)
		}
	})
}

func (b *browser) signIn(user string) {
	b.Helper()
	b.at(0, func(s *session.Session) {
		if err := s.SignIn(user); err != nil {
			b.Error(err)
		}
	})
	b.is(0, user)
	b.is(1, user)
}

// However a session ends at one node, the other one refuses it as soon as a notice has come, or once the lease is over
// if none comes.
//
// Rows: I1
func TestEndsReachTheOtherNode(t *testing.T) {
	const delay = 50 * time.Millisecond
	for _, end := range []struct {
		name string
		end  func(b *browser, s *session.Session) error
	}{
		{"sign-out", func(_ *browser, s *session.Session) error { return s.SignOut() }},
		{"revoke", func(b *browser, s *session.Session) error {
			_, err := b.nodes[0].Revoke(context.Background(), s.Handle())
			return err
		}},
		{"revoke user", func(b *browser, _ *session.Session) error {
			_, err := b.nodes[0].RevokeUser(context.Background(), "ada")
			return err
		}},
		{"not before, of the user", func(b *browser, _ *session.Session) error {
			return b.nodes[0].RevokeUserBefore(context.Background(), "ada", time.Now())
		}},
		{"not before, of everybody", func(b *browser, _ *session.Session) error {
			return b.nodes[0].RevokeBefore(context.Background(), time.Now())
		}},
	} {
		for _, feed := range []struct {
			name string
			cut  func(*wire.Store)
			wait time.Duration
		}{
			{"whole", func(*wire.Store) {}, delay},
			{"killed", (*wire.Store).Break, 5 * time.Second},
			{"silent", (*wire.Store).Silence, 5 * time.Second},
		} {
			t.Run(end.name+", feed "+feed.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b, wires := twoNodes(t, delay)
					b.signIn("ada")
					time.Sleep(2 * time.Second)
					b.is(1, "ada")
					feed.cut(wires[1])
					ticket := b.cookie
					b.at(0, func(s *session.Session) {
						if err := end.end(b, s); err != nil {
							t.Error(err)
						}
					})
					b.cookie = ticket
					b.is(0, "")
					time.Sleep(feed.wait + time.Microsecond)
					b.cookie = ticket
					b.is(1, "")
				})
			})
		}
	}
}

// In front of a store without a feed, a request after the end of the lease finds it over once and loads the session
// once.
func TestRequestAfterTheLeaseCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := near.New(struct{ store.Store }{memory.New()}, near.Options{})
		m := session.New(st, session.Options{SweepInterval: -1})
		b := &browser{T: t, nodes: [2]*session.Manager{m, m}}
		b.signIn("ada")
		time.Sleep(time.Second + time.Nanosecond)
		before := st.Stats()
		b.is(0, "ada")
		after := st.Stats()
		if refused, loads := after.Refused-before.Refused, after.Loads-before.Loads; refused != 1 || loads != 1 {
			t.Errorf("one request counts %d refusals and %d loads", refused, loads)
		}
		if err := m.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A browser that was given a new secret by one node shows it to the other one, which has not heard of it: nobody takes
// it for a forgery.
//
// Rows: A14
func TestRotationElsewhereIsNoForgery(t *testing.T) {
	for name, cut := range map[string]func(*wire.Store){
		"feed whole": func(*wire.Store) {}, "feed silent": (*wire.Store).Silence, "feed killed": (*wire.Store).Break,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, wires := twoNodes(t, 50*time.Millisecond)
				b.signIn("ada")
				time.Sleep(30*time.Minute - time.Second)
				b.is(1, "ada") // and keeps a copy from before the rotation is due
				time.Sleep(time.Second)
				cut(wires[1])
				before := b.cookie
				b.is(0, "ada")
				if b.cookie == before {
					t.Fatal("no new secret was offered")
				}
				b.is(1, "ada")
				b.is(0, "ada")
				b.is(1, "ada")
			})
		})
	}
}

// rotated gives the browser a new secret, which it shows for half a minute, and returns the one before.
func (b *browser) rotated() (before string) {
	b.Helper()
	time.Sleep(30 * time.Minute)
	before = b.cookie
	b.is(0, "ada")
	if b.cookie == before {
		b.Fatal("no new secret was offered")
	}
	b.is(0, "ada")
	time.Sleep(30*time.Second - time.Millisecond)
	b.is(1, "ada") // and keeps a copy
	time.Sleep(time.Second)
	return before
}

// A browser has crashed, and one node takes back the secret that it still has. The other one lets it in as well, with
// this secret and with the next, also if it has heard nothing. Whoever shows the lost one is nobody there, as soon as a
// notice has come or the lease is over.
//
// Rows: A14, I4, R17
func TestSecretIsTakenBackOnBothNodes(t *testing.T) {
	for name, cut := range map[string]func(*wire.Store){
		"feed whole": func(*wire.Store) {}, "feed silent": (*wire.Store).Silence, "feed killed": (*wire.Store).Break,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, wires := twoNodes(t, 50*time.Millisecond)
				b.signIn("ada")
				before := b.rotated()
				lost := b.cookie
				cut(wires[1])
				b.cookie = before
				b.is(0, "ada")
				next := b.cookie
				if next == before || next == lost {
					t.Fatal("no secret of its own was offered")
				}
				b.is(1, "ada")
				b.is(0, "ada")
				b.cookie = before
				b.is(1, "ada")
				b.cookie = next
				time.Sleep(5 * time.Second)
				b.cookie = lost
				b.is(1, "")
				time.Sleep(time.Second)
				b.cookie = next
				b.is(0, "")
			})
		})
	}
}

// One node sees that the browser has kept its new secret. The other one takes nothing back, although what it has near
// is from before.
//
// Rows: A14
func TestUseAtTheOtherNodeIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := twoNodes(t, 50*time.Millisecond)
		b.signIn("ada")
		before := b.rotated()
		b.is(0, "ada") // is touched
		time.Sleep(2 * time.Second)
		b.cookie = before
		b.is(1, "")
		b.is(0, "")
	})
}

// What Manager.Update changes at one node is there at the other one as soon as a notice has come, or once the lease is
// over if none comes, and so is a deadline.
//
// Rows: I3, I11
func TestUpdatesReachTheOtherNode(t *testing.T) {
	const delay = 50 * time.Millisecond
	note := session.NewKey[string]("note")
	for _, feed := range []struct {
		name string
		cut  func(*wire.Store)
		wait time.Duration
	}{
		{"whole", func(*wire.Store) {}, delay},
		{"killed", (*wire.Store).Break, 5 * time.Second},
		{"silent", (*wire.Store).Silence, 5 * time.Second},
	} {
		t.Run("feed "+feed.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, wires := twoNodes(t, delay)
				b.signIn("ada")
				var handle store.ID
				b.at(1, func(s *session.Session) { handle = s.Handle() })
				time.Sleep(2 * time.Second)
				feed.cut(wires[1])
				err := b.nodes[0].Update(t.Context(), handle, func(s *session.Session) error {
					return errors.Join(note.Set(s, "from outside"), s.Until(time.Now().Add(time.Minute)))
				})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				time.Sleep(feed.wait + time.Microsecond)
				b.at(1, func(s *session.Session) {
					if got := note.Get(s); got != "from outside" {
						t.Errorf("the other node has %q", got)
					}
				})
				time.Sleep(time.Until(began.Add(time.Minute)))
				b.is(1, "")
			})
		})
	}
}
