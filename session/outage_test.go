package session_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// The store is down when a request with a ticket arrives: 503 with Retry-After, the cookie stays, the handler is not
// called, and nobody is signed out. Requests without a ticket, or with none that could be one, are not affected.
//
// Rows: R8, I10, ASVS 16.5.2, ASVS 16.5.3
func TestOutageAtLoadAnswers503(t *testing.T) {
	onTheWire(t, session.Options{}, func(t *testing.T, w *wire, m *session.Manager, st *faultStore) {
		b := newBrowser(t, m)
		b.signIn("ada")
		st.down()
		for _, c := range []struct {
			name, cookie string
			want         int
		}{
			{"without a cookie", "", http.StatusOK},
			{"other cookies", "theme=dark", http.StatusOK},
			{"malformed ticket", hostCookie + "=" + malformed(1), http.StatusOK},
			{"duplicates", b.cookieHeader() + "; " + b.cookieHeader(), http.StatusOK},
			{"ticket", b.cookieHeader(), http.StatusServiceUnavailable},
			{"unknown ticket", hostCookie + "=" + unknownTicket(1), http.StatusServiceUnavailable},
		} {
			t.Run(c.name, func(t *testing.T) {
				called := false
				got := w.get(t, c.cookie, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					called = true
					_ = session.From(r.Context()).User()
					_, _ = io.WriteString(w, "hello")
				})))
				if got.status != c.want || called != (c.want == http.StatusOK) || len(got.setCookies()) != 0 {
					t.Errorf("answer %s, handler called: %v; want %d", describe(&got.answer), called, c.want)
				}
				if c.want == http.StatusServiceUnavailable &&
					(got.header.Get("Retry-After") == "" || !headerHas(got.header, "Cache-Control", "no-store")) {
					t.Errorf("headers %v", got.header)
				}
			})
		}
		if len(w.events.of(t, m, event.StoreError)) == 0 {
			t.Error("the outage is not reported")
		}
		for _, e := range w.events.all(t, m) {
			if e.Kind == event.StoreError && !errors.Is(e.Err, errDown) && !errors.Is(e.Err, session.ErrUnavailable) {
				t.Errorf("event %v does not say why", e.Err)
			}
		}
	})
}

// After the outage everybody is as they were.
//
// Rows: R8, I10
func TestNobodyIsSignedOutByAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, session.Options{})
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		st.down()
		for range 50 {
			if a := b.with(nothing); a.status != http.StatusServiceUnavailable {
				t.Fatalf("answer %s", describe(a))
			}
			time.Sleep(100 * time.Millisecond)
		}
		st.up()
		time.Sleep(10 * time.Second) // longer than the pause between two tries
		if b.user() != "ada" || b.handle() != handle {
			t.Errorf("user %q after the outage", b.user())
		}
	})
}

// The store is down when a change is saved: 503 instead of what the handler writes, no cookie, and nothing durable.
//
// Rows: R8, I2
func TestOutageAtSaveAnswers503(t *testing.T) {
	for _, method := range []string{"Create", "Save"} {
		t.Run(method, func(t *testing.T) {
			onTheWire(t, session.Options{}, func(t *testing.T, w *wire, m *session.Manager, st *faultStore) {
				b := newBrowser(t, m)
				if method == "Save" {
					b.signIn("ada")
				}
				for _, first := range begins {
					t.Run(first.name, func(t *testing.T) {
						st.down(method)
						got := w.get(t, b.cookieHeader(),
							m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
								w.Header().Set("Content-Type", "application/pdf")
								w.Header().Set("Etag", `"x"`)
								w.Header().Add("Set-Cookie", "saved=yes")
								if err := note.Set(session.From(r.Context()), "lost"); err != nil {
									t.Errorf("set: %v", err)
								}
								err := first.send(w, r)
								if first.body != "" && first.name != "redirect" && first.name != "error" &&
									first.name != "serve content" && err == nil {
									t.Error("the handler is not told that its body does not go out")
								}
							})))
						st.up(method)
						if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
							t.Errorf("answer %s", describe(&got.answer))
						}
						if len(got.setCookies()) != 0 || got.header.Get("Etag") != "" ||
							got.header.Get("Location") != "" {
							t.Errorf("headers of the answer that does not go out: %v", got.header)
						}
						if got.body == first.body {
							t.Errorf("the handler's body went out: %q", got.body)
						}
						if method == "Save" && get(b, note) != "" || method == "Create" && rows(t, st) != 0 {
							t.Error("something of it is stored")
						}
						b.user() // one success, so that five failures in a row do not close the way
					})
				}
			})
		})
	}
}

// A change that the client was told is not saved is not saved later either, when the store is back before the handler
// ends.
//
// Rows: R8, I2
func TestRefusedChangeIsNotSavedLater(t *testing.T) {
	for _, method := range []string{"Create", "Save"} {
		t.Run(method, func(t *testing.T) {
			st := newFaultStore()
			m := newManager(t, st, session.Options{})
			b := newBrowser(t, m)
			if method == "Save" {
				b.signIn("ada")
			}
			a := b.visit(func(w http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				_ = note.Set(s, "refused")
				st.down(method)
				if _, err := io.WriteString(w, "done"); err == nil {
					t.Error("the handler is not told")
				}
				st.up(method)
				_, _ = io.WriteString(w, "more")
			})
			if a.status != http.StatusServiceUnavailable || len(a.setCookies()) != 0 {
				t.Errorf("answer %s", describe(a))
			}
			if get(b, note) != "" || method == "Create" && rows(t, st) != 0 {
				t.Error("the change was saved after all")
			}
		})
	}
}

// Signing in, out and revoking while the store fails are errors, never a success that is none.
//
// Rows: R9, I1
func TestEndsThatFailAreErrors(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	b := newBrowser(t, m)
	handle := b.signIn("ada")
	a := b.with(func(s *session.Session) {
		st.down("Delete", "DeleteUser", "Create")
		if err := s.SignOut(); !errors.Is(err, errDown) {
			t.Errorf("sign out: %v", err)
		}
		if s.User() != "ada" {
			t.Error("a sign-out that failed looks as if it had not")
		}
		if err := s.SignIn("alan"); !errors.Is(err, errDown) || s.User() != "ada" {
			t.Errorf("sign in: %v, user %q", err, s.User())
		}
	})
	if len(a.setCookies()) != 0 || b.ticket() == "" {
		t.Errorf("the cookie was taken away or changed: %s", describe(a))
	}
	if existed, err := m.Revoke(t.Context(), handle); existed || !errors.Is(err, errDown) {
		t.Errorf("revoke: %v, %v", existed, err)
	}
	if n, err := m.RevokeUser(t.Context(), "ada"); n != 0 || !errors.Is(err, errDown) {
		t.Errorf("revoke user: %d, %v", n, err)
	}
	st.up()
	if b.user() != "ada" {
		t.Error("the session is gone although nobody said so")
	}
}

// A delete whose answer was lost is an error as well, although it may have happened.
//
// Rows: R9
func TestLostAnswerToADeleteIsAnError(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	b := newBrowser(t, m)
	handle := b.signIn("ada")
	st.cutOff("Delete")
	if _, err := m.Revoke(t.Context(), handle); err == nil {
		t.Error("revoke claims success without an answer")
	}
	st.up()
	if existed, err := m.Revoke(t.Context(), handle); existed || err != nil {
		t.Errorf("second try: %v, %v", existed, err)
	}
}

// On a route that goes on without the store, a sign-out that cannot be made durable is still an error.
//
// Rows: R9
func TestFailedSignOutOnOptionalRouteIsAnError(t *testing.T) {
	for name, policy := range map[string]session.Failure{"optional": session.Optional,
		"stale": session.Stale(time.Hour)} {
		t.Run(name, func(t *testing.T) {
			st := newFaultStore()
			m := newManager(t, st, session.Options{OnFailure: func(*http.Request) session.Failure { return policy }})
			b := newBrowser(t, m)
			b.signIn("ada")
			b.user()
			st.down()
			b.with(func(s *session.Session) {
				if err := s.SignOut(); err == nil {
					t.Error("sign-out claims success")
				}
			})
			st.up()
			if b.user() != "ada" {
				t.Error("the cookie is gone")
			}
		})
	}
}

// What each policy for failures lets through while the store is down.
//
// Rows: R8, I10
func TestFailurePoliciesHoldInAnOutage(t *testing.T) {
	for _, c := range []struct {
		name    string
		policy  session.Failure
		age     time.Duration // of what is known
		status  int
		user    string
		unknown bool
	}{
		{"required", session.Required, 0, 503, "", false},
		{"optional", session.Optional, 0, 200, "", true},
		{"optional within", session.OptionalWithin(time.Minute), 0, 200, "", true},
		{"stale, young", session.Stale(time.Minute), 59 * time.Second, 200, "ada", true},
		{"stale, old", session.Stale(time.Minute), 61 * time.Second, 503, "", false},
	} {
		inBubble(t, c.name, func(t *testing.T) {
			st := newFaultStore()
			m := newManager(t, st,
				asleep(session.Options{OnFailure: func(*http.Request) session.Failure { return c.policy }}))
			b := newBrowser(t, m)
			b.signIn("ada")
			b.user()
			time.Sleep(c.age)
			st.down()
			var user string
			var unknown bool
			a := b.with(func(s *session.Session) {
				user, unknown = s.User(), s.Unknown()
				if err := note.Set(s, "x"); !errors.Is(err, session.ErrUnavailable) {
					t.Errorf("set: %v, want ErrUnavailable", err)
				}
				if err := s.SignIn("alan"); err == nil {
					t.Error("signed in without the store")
				}
			})
			if a.status != c.status || user != c.user || unknown != c.unknown || len(a.setCookies()) != 0 {
				t.Errorf("user %q, unknown %v, answer %s; want %d, %q, %v", user, unknown, describe(a), c.status,
					c.user, c.unknown)
			}
			if c.user != "" {
				for what, guarded := range map[string]http.Handler{
					"RequireRecent": m.RequireRecent(time.Hour, http.NotFoundHandler()),
					"RequireLevel":  m.RequireLevel(1, http.NotFoundHandler()),
				} {
					if a := b.visit(guarded.ServeHTTP); a.status == http.StatusNotFound {
						t.Errorf("%s let a guess through", what)
					}
				}
			}
			st.up()
			time.Sleep(10 * time.Second)
			b.with(func(s *session.Session) {
				if s.User() != "ada" || s.Unknown() || note.Get(s) != "" {
					t.Errorf("after the outage: user %q, unknown %v, note %q", s.User(), s.Unknown(), note.Get(s))
				}
			})
		})
	}
}

// A store that says nothing keeps nobody waiting who cannot wait, and what it says in the end is heard.
//
// Rows: R8, R10, I10
func TestOptionalWithinLimitsTheWait(t *testing.T) {
	const within, takes = 40 * time.Millisecond, 300 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		policy := session.OptionalWithin(within)
		m := newManager(t, st, asleep(session.Options{
			StoreTimeout: time.Second, MaxStoreCalls: 8, OnFailure: func(*http.Request) session.Failure {
				return policy
			},
		}))
		b := newBrowser(t, m)
		b.signIn("ada")
		st.trap(func(context.Context) error { time.Sleep(takes); return nil }, "Load")
		for range 100 {
			start := time.Now()
			a := b.with(func(s *session.Session) {
				if s.User() != "" || !s.Unknown() {
					t.Errorf("user %q, unknown %v", s.User(), s.Unknown())
				}
			})
			if took := time.Since(start); took > within || a.status != http.StatusOK || len(a.setCookies()) != 0 {
				t.Fatalf("after %v: %s", took, describe(a))
			}
		}
		if n := st.count("Load"); n > 100*int(within/time.Millisecond)/int(takes/time.Millisecond)+2 {
			t.Errorf("%d loads, of which one at a time is enough", n)
		}
		time.Sleep(10 * time.Second)
		policy = session.Stale(time.Minute)
		st.down("Load")
		if got := b.user(); got != "ada" {
			t.Errorf("what the store said late is forgotten: user %q", got)
		}
		policy = session.OptionalWithin(within)
		st.trap(func(context.Context) error { panic("the store panics") }, "Load")
		time.Sleep(10 * time.Second)
		if a := b.with(nothing); a.status != http.StatusOK {
			t.Errorf("a store that panics: %s", describe(a))
		}
	})
}

// A session that this program has ended is not let in on old knowledge, feed or no feed.
//
// Rows: R3, R8
func TestStaleKnowsItsOwnRevocations(t *testing.T) {
	for name, wrap := range map[string]func(*faultStore) store.Store{
		"with a feed":    func(st *faultStore) store.Store { return st },
		"without a feed": func(st *faultStore) store.Store { return struct{ store.Store }{st} },
	} {
		for _, end := range ends {
			t.Run(name+"/"+end.name, func(t *testing.T) {
				st := newFaultStore()
				m := newManager(t, wrap(st),
					session.Options{OnFailure: func(*http.Request) session.Failure { return session.Stale(time.Hour) }})
				b := newBrowser(t, m)
				handle := b.signIn("ada")
				b.user()
				tab := b.copied()
				end.do(t, m, b, handle)
				st.down()
				if u := tab.user(); u != "" {
					t.Errorf("user %q is let in after the end", u)
				}
			})
		}
	}
}

// A store that hangs costs each call no more than StoreTimeout.
//
// Rows: R10, I9
func TestHangingStoreCostsNoMoreThanTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{StoreTimeout: 3 * time.Second}))
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		calls := map[string]func() error{
			"Load": func() error {
				if a := b.with(nothing); a.status == http.StatusServiceUnavailable {
					return errors.New("503")
				}
				return nil
			},
			"Delete":     func() error { _, err := m.Revoke(t.Context(), handle); return err },
			"DeleteUser": func() error { _, err := m.RevokeUser(t.Context(), "ada"); return err },
			"List":       func() error { _, err := m.List(t.Context(), "ada"); return err },
			"Count":      func() error { _, err := m.Count(t.Context(), "ada"); return err },
			"Save": func() error {
				if a := set(b, note, "x"); a.status == http.StatusServiceUnavailable {
					return errors.New("503")
				}
				return nil
			},
			"Create": func() (err error) {
				newBrowser(t, m).with(func(s *session.Session) { err = s.SignIn("alan") })
				return err
			},
		}
		for method, call := range calls {
			st.hang(method)
			start := time.Now()
			if err := call(); err == nil {
				t.Errorf("%s: no error from a store that hangs", method)
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("%s took %v, want at most StoreTimeout", method, took)
			}
			st.up(method)
			b.user()
			time.Sleep(10 * time.Second)
		}
	})
}

// A store that keeps failing is asked now and then, not by every request, and is used again soon after it is back.
//
// Rows: R10, I10
func TestBreakerSparesAFailingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		b := newBrowser(t, m)
		b.signIn("ada")
		st.down()
		before := st.count("Load")
		for range 10_000 {
			b.with(nothing)
			time.Sleep(10 * time.Millisecond)
		}
		calls := st.count("Load") - before
		if calls < 10 || calls > 1000 {
			t.Errorf("%d calls in 100 s of outage and 10,000 requests, want some, and far fewer than requests", calls)
		}
		st.up()
		start := time.Now()
		for b.with(nothing).status != http.StatusOK {
			if time.Since(start) > 10*time.Second {
				t.Fatal("the store is back, and is not used")
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}

// When the store comes back, the first call is made by one request alone.
//
// Rows: R10, I10
func TestOneCallProbesARecoveringStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		var browsers []*browser
		for range 50 {
			b := newBrowser(t, m)
			b.signIn("ada")
			browsers = append(browsers, b)
		}
		st.down()
		for range 20 {
			browsers[0].with(nothing)
		}
		time.Sleep(time.Minute)
		var now, most atomic.Int32
		st.trap(func(context.Context) error {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return nil
		}, "Load")
		var wg sync.WaitGroup
		for _, b := range browsers {
			wg.Go(func() { b.with(nothing) })
		}
		wg.Wait()
		if got := most.Load(); got != 1 {
			t.Errorf("%d calls at once met the store that came back, want 1", got)
		}
	})
}

// No more calls are under way than MaxStoreCalls; what is over it fails at once instead of waiting in a queue.
//
// Rows: R10, I9
func TestStoreCallsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{MaxStoreCalls: 8}))
		var browsers []*browser
		for range 50 {
			b := newBrowser(t, m)
			b.signIn("ada")
			browsers = append(browsers, b)
		}
		var now, most atomic.Int32
		st.trap(func(context.Context) error {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return nil
		}, "Load")
		var wg sync.WaitGroup
		var refused atomic.Int32
		for _, b := range browsers {
			wg.Go(func() {
				start := time.Now()
				if b.with(nothing).status == http.StatusServiceUnavailable {
					refused.Add(1)
					if waited := time.Since(start); waited > 0 {
						t.Errorf("refused after %v, want at once", waited)
					}
				}
			})
		}
		wg.Wait()
		if most.Load() != 8 || refused.Load() != 42 {
			t.Errorf("%d calls at once and %d refused, want 8 and 42", most.Load(), refused.Load())
		}
	})
}

// Requests of one session at the same time are few calls of the store.
//
// Rows: R10
func TestParallelLoadsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		b := newBrowser(t, m)
		b.signIn("ada")
		before := st.count("Load")
		st.trap(func(context.Context) error { time.Sleep(time.Second); return nil }, "Load")
		var wg sync.WaitGroup
		for range 100 {
			tab := b.copied()
			wg.Go(func() {
				if tab.user() != "ada" {
					t.Error("not signed in")
				}
			})
		}
		wg.Wait()
		if calls := st.count("Load") - before; calls > 3 {
			t.Errorf("%d calls for 100 requests at once", calls)
		}
	})
}

// slowAnswer makes loads take their time between what the store saw and when the caller hears of it.
type slowAnswer struct {
	*faultStore
	g    *gate
	once sync.Once
}

func (s *slowAnswer) Load(ctx context.Context, id store.ID) (store.Record, error) {
	r, err := s.faultStore.Load(ctx, id)
	s.once.Do(func() { close(s.g.entered); <-s.g.open })
	return r, err
}

// A request that begins after a revocation was acknowledged, or after a change was, does not get an answer that the
// store gave before, however it shares the store's calls with earlier requests.
//
// Rows: R3, A38, I1
func TestSharedLoadIsNotOlderThanItsRequest(t *testing.T) {
	for _, what := range []string{"revoked", "changed"} {
		inBubble(t, what, func(t *testing.T) {
			st := &slowAnswer{faultStore: newFaultStore(), g: &gate{make(chan struct{}), make(chan struct{})}}
			m := newManager(t, st.faultStore, session.Options{})
			b := newBrowser(t, m)
			handle := b.signIn("ada")
			slow := newManager(t, st, session.Options{}) // the node whose answers take their time
			b.site = func(next http.HandlerFunc) http.Handler { return slow.Handler(next) }
			early, late := b.copied(), b.copied()
			done := make(chan struct{})
			go func() { defer close(done); early.with(nothing) }()
			<-st.g.entered
			if what == "revoked" {
				if existed, err := slow.Revoke(t.Context(), handle); !existed || err != nil {
					t.Fatalf("revoke: %v, %v", existed, err)
				}
			} else {
				st.edit(t, handle, func(r *store.Record) {
					r.Data = r.Data.With(store.Change{Key: "note", Value: store.Value{JSON: `"new"`}})
				})
			}
			type seen struct{ user, note string }
			result := make(chan seen)
			go func() {
				var got seen
				late.with(func(s *session.Session) { got = seen{s.User(), note.Get(s)} })
				result <- got
			}()
			synctest.Wait() // the later request waits for an answer, or has one
			close(st.g.open)
			got := <-result
			<-done
			want := seen{}
			if what == "changed" {
				want = seen{"ada", "new"}
			}
			if got != want {
				t.Errorf("the later request sees %+v, want %+v", got, want)
			}
		})
	}
}

// The page for an outage can be the site's own.
//
// Rows: R8
func TestUnavailablePageCanBeReplaced(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{Unavailable: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<h1>Back soon</h1>")
	})})
	b := newBrowser(t, m)
	b.signIn("ada")
	st.down()
	if a := b.with(nothing); a.status != http.StatusServiceUnavailable || a.body != "<h1>Back soon</h1>" ||
		a.header.Get("Retry-After") == "" {
		t.Errorf("answer %s", describe(a))
	}
}

// A panic of the store reaches the request that met it as the panic of a handler would, and nothing hangs after it.
//
// Rows: I14
func TestPanickingStoreBlocksNothing(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{MaxStoreCalls: 2})
	b := newBrowser(t, m)
	b.signIn("ada")
	for _, method := range []string{"Load", "Save"} {
		st.trap(func(context.Context) error { panic("driver bug") }, method)
		for range 4 { // fewer than close the way, more than there are slots
			func() {
				defer func() { _ = recover() }()
				b.copied().with(func(s *session.Session) { _ = note.Set(s, "x") })
			}()
		}
		st.up(method)
		within(t, "a request after the panic", func() {
			if u := b.user(); u != "ada" {
				t.Errorf("%s: user %q after the panic", method, u)
			}
		})
	}
}

// Readiness is what the store says.
//
// Rows: R8, I10
func TestReadyReportsTheStore(t *testing.T) {
	st := newFaultStore()
	m := newManager(t, st, session.Options{})
	if err := m.Ready(t.Context()); err != nil {
		t.Errorf("ready: %v", err)
	}
	st.down("Load")
	if err := m.Ready(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("ready although the store is down: %v", err)
	}
	st.up()
	if err := m.Ready(t.Context()); err != nil {
		t.Errorf("ready again: %v", err)
	}

	// A store that tells records and no cut-offs, because a right or a table is gone, answers no request either.
	st = newFaultStore()
	m = newManager(t, st, session.Options{})
	st.down("NotBefore")
	if err := m.Ready(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("ready although nobody knows who is signed in: %v", err)
	}
	st.up("NotBefore")
	if err := m.Ready(t.Context()); err != nil {
		t.Errorf("ready with the cut-offs: %v", err)
	}
}

// A client that hangs up while the store is asked disturbs nobody who waits for the same answer, and is no failure of
// the store.
//
// Rows: R10, R11
func TestCancelledRequestDisturbsNobody(t *testing.T) {
	var events recorder
	st := newFaultStore()
	m := newManager(t, st, session.Options{Events: event.NewQueue(events.observe)})
	b := newBrowser(t, m)
	b.signIn("ada")
	g := st.gate("Load")
	ctx, cancel := context.WithCancel(t.Context())
	first, second := b.copied(), b.copied()
	done := make(chan string, 2)
	go func() {
		first.send(httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil),
			func(http.ResponseWriter, *http.Request) {})
		done <- ""
	}()
	<-g.entered
	go func() { done <- second.user() }()
	cancel()
	close(g.open)
	users := <-done + <-done
	if users != "ada" {
		t.Errorf("users %q, want ada for the request that did not hang up", users)
	}
}

// A store that refuses every write, as one with a full disk does, still answers readers, and the other way round.
//
// Rows: I10, R8
func TestWritesThatFailRefuseNoReader(t *testing.T) {
	writes := []string{"Create", "Save", "Delete", "DeleteUser", "Touch", "Sweep"}
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		reader, writer := newBrowser(t, m), newBrowser(t, m)
		reader.signIn("ada")
		writer.signIn("grace")
		before := st.count(writes...)
		st.down(writes...)
		for range 31 {
			writer.with(func(s *session.Session) { _ = note.Set(s, "dark") })
			if got := reader.user(); got != "ada" {
				t.Fatalf("a reader is %q", got)
			}
		}
		if n := st.count(writes...) - before; n > 6 { // five in a row, and a probe
			t.Errorf("%d writes were tried although they fail again and again", n)
		}
		st.up(writes...)
		st.down("Load")
		for range 31 {
			reader.with(nothing)
		}
		time.Sleep(2 * time.Second)
		if _, err := m.RevokeUser(t.Context(), "grace"); err != nil {
			t.Errorf("a revocation is refused because reads fail: %v", err)
		}
	})
}
