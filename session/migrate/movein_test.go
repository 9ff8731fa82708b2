package migrate_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/session/migrate"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

func TestMovesInOnce(t *testing.T) {
	s, old := moving(t, session.Options{})
	first := s.visit(oldCookie)
	if first.user != "ann" || !slices.Equal(first.cart, []string{"tea"}) {
		t.Fatalf("user %q, cart %v, want those of the old session", first.user, first.cart)
	}
	if first.ticket() == "" || !first.deletes(oldName) || len(first.cookies) != 2 {
		t.Fatalf("cookies %v, want the ticket and the end of the old cookie", first.cookies)
	}
	if old.has(token) {
		t.Error("the old record is still there")
	}
	next := s.visit(first.ticket())
	if next.user != "ann" || next.handle != first.handle || len(next.cookies) != 0 {
		t.Errorf("then %q in %v with %v, want ann in %v and no cookies", next.user, next.handle, next.cookies,
			first.handle)
	}
	if old.finds != 1 || old.deletes != 1 {
		t.Errorf("%d finds and %d deletes in the old store, want one of each", old.finds, old.deletes)
	}
	if n := s.kinds(); n[event.Migrated] != 1 || n[event.Rotated] != 1 {
		t.Errorf("events %v, want one move and one confirmed ticket", n)
	}
}

// Many first requests at once are a page with its pictures. All of them see the same session, and any of the answers
// leaves the browser signed in.
func TestParallelFirstRequests(t *testing.T) {
	s, _ := moving(t, session.Options{})
	const n = 32
	var gate, done sync.WaitGroup
	gate.Add(1)
	replies := make([]reply, n)
	for i := range n {
		done.Go(func() { gate.Wait(); replies[i] = s.visit(oldCookie) })
	}
	gate.Done()
	done.Wait()
	for i := range replies {
		if a := &replies[i]; a.user != "ann" || a.ticket() != replies[0].ticket() || a.handle != replies[0].handle {
			t.Errorf("request %d: %q in %v, want ann in one session with one ticket", i, a.user, a.handle)
		}
	}
	if all := s.sessions(); len(all) != 1 {
		t.Errorf("%d sessions, want one", len(all))
	}
	if next := s.visit(replies[n-1].ticket()); next.user != "ann" {
		t.Errorf("then %q, want ann", next.user)
	}
}

func TestLostResponse(t *testing.T) {
	s, _ := moving(t, session.Options{})
	lost := s.visit(oldCookie)
	again := s.visit(oldCookie)
	if again.user != "ann" || again.ticket() != lost.ticket() || !again.deletes(oldName) {
		t.Errorf("%q with %v, want ann and the same ticket again", again.user, again.cookies)
	}
}

// What ended here does not come back by way of the old cookie, even if the old record could not be removed.
func TestEndedIsEnded(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(s *site, ticket string)
	}{
		{"sign-out", func(s *site, ticket string) {
			s.handle = func(_ http.ResponseWriter, _ *http.Request, v *session.Session) {
				if err := v.SignOut(); err != nil {
					t.Error(err)
				}
			}
			s.visit(ticket)
		}},
		{"sign-out by a request that shows both cookies", func(s *site, ticket string) {
			s.handle = func(_ http.ResponseWriter, _ *http.Request, v *session.Session) { _ = v.SignOut() }
			if a := s.visit(ticket, oldCookie); !a.deletes(oldName) {
				t.Errorf("cookies %v, want the old one gone", a.cookies)
			}
		}},
		{"revoked", func(s *site, _ string) {
			if _, err := s.manager.RevokeUser(context.Background(), "ann"); err != nil {
				t.Error(err)
			}
		}},
		{"replaced by another sign-in", func(s *site, ticket string) {
			s.handle = func(_ http.ResponseWriter, _ *http.Request, v *session.Session) { _ = v.SignIn("bob") }
			s.visit(ticket)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, old := moving(t, session.Options{})
			kept := old.data[token]
			first := s.visit(oldCookie)
			old.data[token] = kept // as if it had not been removed
			c.end(s, first.ticket())
			s.handle = func(http.ResponseWriter, *http.Request, *session.Session) {}
			if a := s.visit(oldCookie); a.user != "" || a.status != http.StatusOK {
				t.Errorf("%d, %q, want 200 and nobody", a.status, a.user)
			}
		})
	}
}

// held is an old store in which the first look-up waits, before or after it has looked.
type held struct {
	*oldStore
	before         bool
	waited         atomic.Bool
	entered, leave chan struct{}
}

func (h *held) records() migrate.Records {
	r := h.oldStore.records()
	find := r.Find
	r.Find = func(ctx context.Context, key string) (data []byte, found bool, err error) {
		first := h.waited.CompareAndSwap(false, true)
		if !first {
			return find(ctx, key)
		}
		if !h.before {
			data, found, err = find(ctx, key)
		}
		close(h.entered)
		<-h.leave
		if h.before {
			data, found, err = find(ctx, key)
		}
		return data, found, err
	}
	return r
}

// While a first request waits for the old store, another one moves the session, and the old record is gone; or the
// session has even ended, and then the slow one must not bring it back.
func TestSlowFirstRequest(t *testing.T) {
	for _, c := range []struct {
		name    string
		before  bool
		signOut bool
		want    string
	}{
		{"finds nothing", true, false, "ann"},
		{"has found it", false, false, "ann"},
		{"finds nothing, after sign-out", true, true, ""},
		{"has found it, before sign-out", false, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &held{before: c.before, entered: make(chan struct{}), leave: make(chan struct{})}
			h.oldStore = &oldStore{data: map[string][]byte{token: scsData(t, time.Now().Add(time.Hour), ann())}}
			s := newSite(t, memory.New(), session.Options{Migrate: mustSCS(t,
				migrate.SCSOptions{Records: h.records()})})
			slow := make(chan reply)
			go func() { slow <- s.visit(oldCookie) }()
			<-h.entered
			first := s.visit(oldCookie)
			if first.user != "ann" {
				t.Fatalf("user %q, want ann", first.user)
			}
			if c.signOut {
				if _, err := s.manager.RevokeUser(t.Context(), "ann"); err != nil {
					t.Fatal(err)
				}
			}
			close(h.leave)
			if a := <-slow; a.user != c.want || c.want != "" && a.ticket() != first.ticket() {
				t.Errorf("the slow request is %q with %v, want %q", a.user, a.cookies, c.want)
			}
			if n, want := len(s.sessions()), len(c.want)/3; n != want {
				t.Errorf("%d sessions are left, want %d", n, want)
			}
		})
	}
}

// A copy of the old cookie is a stolen ticket once its browser has moved on.
func TestStolenOldCookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := moving(t, session.Options{})
		first := s.visit(oldCookie)
		s.visit(first.ticket())
		if a := s.visit(oldCookie); a.user != "ann" {
			t.Errorf("within the grace %q, want ann: the request was on its way", a.user)
		}
		time.Sleep(time.Minute)
		if a := s.visit(oldCookie); a.user != "" {
			t.Errorf("after the grace %q, want nobody", a.user)
		}
		if a := s.visit(first.ticket()); a.user != "" {
			t.Errorf("the session is %q's, want it ended for both", a.user)
		}
		if n := s.kinds(); n[event.Theft] != 1 {
			t.Errorf("events %v, want a theft", n)
		}
	})
}

func TestLifetimes(t *testing.T) {
	for _, c := range []struct {
		name     string
		deadline time.Duration // of the old session
		values   map[string]any
		want     time.Duration // the new end
		remember bool
	}{
		{"the old end is first", 5 * time.Hour, ann(), 5 * time.Hour, false},
		{"ours is first", 90 * 24 * time.Hour, ann(), 24 * time.Hour, false},
		{"remembered", 90 * 24 * time.Hour, map[string]any{"user": "ann", "__rememberMe": true}, 30 * 24 * time.Hour,
			true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, old := moving(t, session.Options{})
				now := time.Now()
				old.data[token] = scsData(t, now.Add(c.deadline), c.values)
				s.visit(oldCookie)
				all := s.sessions()
				if len(all) != 1 || !all[0].ExpiresAt.Equal(now.Add(c.want)) || all[0].Remember != c.remember {
					t.Errorf("sessions %+v, want one that ends after %v", all, c.want)
				}
				if began := now.Add(c.deadline - 24*time.Hour); len(all) == 1 && began.Before(now) &&
					!all[0].CreatedAt.Equal(began) {
					t.Errorf("it began %v, want %v", all[0].CreatedAt, began)
				}
			})
		})
	}
}

func TestAbsent(t *testing.T) {
	wide := strings.Repeat("x", 4096)
	for _, c := range []struct {
		name    string
		cookies []string
		change  func(t *testing.T, o *oldStore)
		finds   int
	}{
		{"no cookie", nil, nil, 0},
		{"unknown", []string{oldName + "=" + strings.Replace(token, "AAAA", "BBBB", 1)}, nil, 1},
		{"too short", []string{oldName + "=" + token[1:]}, nil, 0},
		{"other alphabet", []string{oldName + "=" + token[1:] + "+"}, nil, 0},
		{"another text of the same bytes", []string{oldName + "=" + token[1:] + "B"}, nil, 0},
		{"far too long", []string{oldName + "=" + wide}, nil, 0},
		{"two of them", []string{oldCookie, oldCookie}, nil, 0},
		{"beside a malformed ticket", []string{oldCookie, ticketName + "=x"}, nil, 0},
		{"expired", []string{oldCookie},
			func(t *testing.T, o *oldStore) { o.data[token] = scsData(t, time.Now(), ann()) }, 1},
		{"cut off", []string{oldCookie}, func(_ *testing.T, o *oldStore) { o.data[token] = o.data[token][:20] }, 1},
		{"empty", []string{oldCookie}, func(_ *testing.T, o *oldStore) { o.data[token] = nil }, 1},
		{"too large", []string{oldCookie}, func(_ *testing.T, o *oldStore) { o.data[token] = make([]byte, 1<<20+1) },
			1},
		{"no deadline", []string{oldCookie},
			func(t *testing.T, o *oldStore) { o.data[token] = scsData(t, time.Time{}, ann()) }, 1},
		{"user of 256 bytes", []string{oldCookie}, func(t *testing.T, o *oldStore) {
			o.data[token] = scsData(t, time.Now().Add(time.Hour), map[string]any{"user": wide[:256]})
		}, 1},
		{"nothing in it", []string{oldCookie},
			func(t *testing.T, o *oldStore) { o.data[token] = scsData(t, time.Now().Add(time.Hour), nil) }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, old := moving(t, session.Options{})
			if c.change != nil {
				c.change(t, old)
			}
			a := s.visit(c.cookies...)
			if a.status != http.StatusOK || a.user != "" || !a.handle.IsZero() || len(a.cookies) != 0 {
				t.Errorf("%d, %q, %v, want 200 and a stranger without cookies", a.status, a.user, a.cookies)
			}
			if n, _ := s.store.Count(t.Context(), "", time.Time{}); n != 0 || old.finds != c.finds || old.deletes != 0 {
				t.Errorf("%d rows, %d finds, %d deletes, want 0, %d, 0", n, old.finds, old.deletes, c.finds)
			}
		})
	}
}

// Who signs in anew loses the old cookie as well: it would sign them in once more when they sign out.
func TestSignInBesideOldCookie(t *testing.T) {
	s, old := moving(t, session.Options{})
	old.data[token] = old.data[token][:20]
	s.handle = func(_ http.ResponseWriter, _ *http.Request, v *session.Session) {
		if err := v.SignIn("bob"); err != nil {
			t.Error(err)
		}
	}
	if a := s.visit(oldCookie); a.user != "bob" || a.ticket() == "" || !a.deletes(oldName) {
		t.Errorf("%q with %v, want bob, a ticket and no old cookie", a.user, a.cookies)
	}
}

func TestVisitorKeepsCart(t *testing.T) {
	s, old := moving(t, session.Options{})
	old.data[token] = scsData(t, time.Now().Add(time.Hour), map[string]any{"cart": []string{"tea"}})
	first := s.visit(oldCookie)
	if first.user != "" || first.handle.IsZero() || len(first.cart) != 1 {
		t.Fatalf("%q, %v, cart %v, want a visitor with a cart", first.user, first.handle, first.cart)
	}
	s.handle = func(_ http.ResponseWriter, _ *http.Request, v *session.Session) { _ = v.SignIn("ann") }
	if a := s.visit(first.ticket()); a.user != "ann" || len(a.cart) != 1 {
		t.Errorf("%q, cart %v, want ann with what the visitor had: the key says that it is carried", a.user, a.cart)
	}
}

func TestValuesThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		name   string
		values func(*session.Session, map[string]any) error
	}{
		{"error", func(*session.Session, map[string]any) error { return errors.New("no") }},
		{"panic", func(_ *session.Session, old map[string]any) error { _ = old["user"].(int); return nil }},
		{"too large", func(s *session.Session, _ map[string]any) error {
			return cart.Set(s, []string{strings.Repeat("x", 64<<10)})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			old := &oldStore{data: map[string][]byte{token: scsData(t, time.Now().Add(time.Hour), ann())}}
			from := mustSCS(t, migrate.SCSOptions{Records: old.records(), User: userOf, Values: c.values})
			s := newSite(t, memory.New(), session.Options{Migrate: from})
			if a := s.visit(oldCookie); a.user != "ann" || a.cart != nil {
				t.Errorf("%q with cart %v, want ann without", a.user, a.cart)
			}
			if n := s.kinds(); n[event.KeyUnreadable] != 1 {
				t.Errorf("events %v, want one unreadable value", n)
			}
		})
	}
}

// A session that the program cannot decode, yet, is left for the next release.
func TestUndecodableIsLeftAlone(t *testing.T) {
	s, old := moving(t, session.Options{})
	good := old.data[token]
	old.data[token] = []byte("not gob")
	if a := s.visit(oldCookie); a.user != "" || a.status != http.StatusOK {
		t.Errorf("%d, %q, want 200 and nobody", a.status, a.user)
	}
	if n := s.kinds(); n[event.StoreError] != 1 {
		t.Errorf("events %v, want the damage reported", n)
	}
	old.data[token] = good
	if a := s.visit(oldCookie); a.user != "ann" {
		t.Errorf("then %q, want ann", a.user)
	}
}

func TestOldStoreDown(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy session.Failure
		status int
	}{
		{"required", session.Required, http.StatusServiceUnavailable},
		{"stale", session.Stale(time.Minute), http.StatusServiceUnavailable},
		{"optional", session.Optional, http.StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, old := moving(t, session.Options{OnFailure: func(*http.Request) session.Failure { return c.policy }})
			old.fail(errors.New("down"))
			if a := s.visit(oldCookie); a.status != c.status || a.user != "" || len(a.cookies) != 0 {
				t.Errorf("%d, %q, %v, want %d and the cookies left alone", a.status, a.user, a.cookies, c.status)
			}
			old.fail(nil)
			if a := s.visit(oldCookie); a.user != "ann" {
				t.Errorf("then %q, want ann", a.user)
			}
		})
	}
}

// A removal that fails is reported. The mark is what keeps the old cookie from working twice.
func TestOldRecordStays(t *testing.T) {
	b := scsData(t, time.Now().Add(time.Hour), ann())
	from := mustSCS(t, migrate.SCSOptions{Records: migrate.Records{
		Find:   func(context.Context, string) ([]byte, bool, error) { return b, true, nil },
		Delete: func(context.Context, string) error { return errors.New("read-only") },
	}})
	s := newSite(t, memory.New(), session.Options{Migrate: from})
	first := s.visit(oldCookie)
	if again := s.visit(oldCookie); first.user != "ann" || again.handle != first.handle {
		t.Errorf("%q in %v, then in %v, want ann in one session", first.user, first.handle, again.handle)
	}
	if n := s.kinds(); n[event.StoreError] != 1 || n[event.Migrated] != 1 {
		t.Errorf("events %v, want one move and one failed removal", n)
	}
}

// failing is a store in which the nth creation fails, after it was done or without.
type failing struct {
	store.Store
	at   int
	done bool
}

func (f *failing) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	f.at--
	if f.at != 0 {
		return f.Store.Create(ctx, r, replaces)
	}
	if f.done {
		if err := f.Store.Create(ctx, r, replaces); err != nil {
			return err
		}
	}
	return errors.New("connection lost")
}

// Whatever write is cut off, the next request is signed in. Where the answer alone was lost, this one is.
func TestOurStoreFails(t *testing.T) {
	for _, c := range []struct {
		name string
		at   int
		done bool
	}{
		{"session not written", 1, false}, {"session written, answer lost", 1, true},
		{"mark not written", 2, false}, {"mark written, answer lost", 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			old := &oldStore{data: map[string][]byte{token: scsData(t, time.Now().Add(time.Hour), ann())}}
			st := &failing{Store: memory.New(), at: c.at, done: c.done}
			s := newSite(t, st, session.Options{Migrate: mustSCS(t, migrate.SCSOptions{Records: old.records()})})
			a := s.visit(oldCookie)
			if want := c.done; (a.user == "ann") != want || (len(a.cookies) != 0) != want {
				t.Errorf("%d, %q, %v, want the user: %v; else 503 and the cookies left alone", a.status, a.user,
					a.cookies, want)
			}
			a = s.visit(oldCookie)
			if a.user != "ann" || a.ticket() == "" {
				t.Errorf("then %q with %v, want ann with a ticket", a.user, a.cookies)
			}
			if next := s.visit(a.ticket()); next.user != "ann" {
				t.Errorf("after that %q, want ann", next.user)
			}
		})
	}
}

// unreadable is a store that finds the mark and then nothing more.
type unreadable struct {
	store.Store
	left int
}

func (u *unreadable) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if u.left--; u.left == -1 {
		return store.Record{}, errors.New("connection lost")
	}
	return u.Store.Load(ctx, id)
}

// Nobody is a stranger because their session cannot be read.
func TestMovedSessionCannotBeRead(t *testing.T) {
	old := &oldStore{data: map[string][]byte{token: scsData(t, time.Now().Add(time.Hour), ann())}}
	st := &unreadable{memory.New(), 1 << 30}
	s := newSite(t, st, session.Options{Migrate: mustSCS(t, migrate.SCSOptions{Records: old.records()})})
	s.visit(oldCookie)
	st.left = 1
	if a := s.visit(oldCookie); a.status != http.StatusServiceUnavailable || len(a.cookies) != 0 {
		t.Errorf("%d, %v, want 503 and the cookies left alone", a.status, a.cookies)
	}
	if a := s.visit(oldCookie); a.user != "ann" {
		t.Errorf("then %q, want ann", a.user)
	}
}

// Who has moved in already is found by the mark alone: nothing is made again, even if the old record stays.
func TestMovedInIsNotMovedAgain(t *testing.T) {
	old := &oldStore{data: map[string][]byte{token: scsData(t, time.Now().Add(time.Hour), ann())}}
	const many = 1 << 30
	st := &failing{Store: memory.New(), at: many}
	s := newSite(t, st, session.Options{Migrate: mustSCS(t, migrate.SCSOptions{Records: old.records()})})
	s.visit(oldCookie)
	if n := s.kinds()[event.StoreError]; n != 0 {
		t.Errorf("%d errors of a store without any", n)
	}
	old.mu.Lock()
	old.data[token] = scsData(t, time.Now().Add(time.Hour), ann())
	old.mu.Unlock()
	made := st.at
	if a := s.visit(oldCookie); a.user != "ann" || st.at != made {
		t.Errorf("%q, and %d records were made", a.user, made-st.at)
	}
}

func TestNotBefore(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(m *session.Manager) error
		want string
	}{
		{"everybody, now", func(m *session.Manager) error { return m.RevokeBefore(context.Background(), time.Now()) },
			""},
		{"the user, now", func(m *session.Manager) error {
			return m.RevokeUserBefore(context.Background(), "ann", time.Now())
		}, ""},
		{"everybody, before it began", func(m *session.Manager) error {
			return m.RevokeBefore(context.Background(), time.Now().Add(-5*time.Hour))
		}, "ann"},
		{"another user", func(m *session.Manager) error {
			return m.RevokeUserBefore(context.Background(), "bob", time.Now())
		}, "ann"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := moving(t, session.Options{}) // began 4 hours ago
			if err := c.set(s.manager); err != nil {
				t.Fatal(err)
			}
			if a := s.visit(oldCookie); a.user != c.want {
				t.Errorf("user %q, want %q", a.user, c.want)
			}
		})
	}
}

// Nothing tells when the user signed in, so what asks for a recent proof asks.
func TestStepUpIsAskedFor(t *testing.T) {
	s, _ := moving(t, session.Options{})
	page := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		name  string
		guard http.Handler
		want  int
	}{
		{"signed in", s.manager.Require(page), http.StatusOK},
		{"recent", s.manager.RequireRecent(time.Hour, page), http.StatusUnauthorized},
		{"level", s.manager.RequireLevel(1, page), http.StatusUnauthorized},
	} {
		s.handle = func(w http.ResponseWriter, r *http.Request, _ *session.Session) { c.guard.ServeHTTP(w, r) }
		if a := s.visit(oldCookie); a.status != c.want {
			t.Errorf("%s: %d, want %d", c.name, a.status, c.want)
		}
	}
}

// A user who is at the limit keeps the session that moves in.
func TestLimitOfSessions(t *testing.T) {
	s, _ := moving(t, session.Options{MaxSessions: 1})
	s.handle = func(_ http.ResponseWriter, _ *http.Request, v *session.Session) { _ = v.SignIn("ann") }
	other := s.visit()
	s.handle = func(http.ResponseWriter, *http.Request, *session.Session) {}
	if a := s.visit(oldCookie); a.user != "ann" {
		t.Errorf("user %q, want ann", a.user)
	}
	if a := s.visit(other.ticket()); a.user != "" {
		t.Errorf("the other session is %q's, want it ended", a.user)
	}
}

func TestBearerDoesNotMoveIn(t *testing.T) {
	s, old := moving(t, session.Options{Header: func(*http.Request) bool { return true }})
	if a := s.visit(oldCookie); a.user != "" || old.finds != 0 {
		t.Errorf("%q after %d finds, want nobody and none: programs have no old cookie", a.user, old.finds)
	}
}

func TestOptionsThatContradict(t *testing.T) {
	find := (&oldStore{}).records()
	for _, c := range []struct {
		name string
		o    session.Options
		old  cookie.Cookie
		want string
	}{
		{"one name", session.Options{InsecureCookie: true}, cookie.Cookie{}, "name of the new one"},
		{"bad path", session.Options{}, cookie.Cookie{Path: "x"}, "Options.Migrate"},
		{"fine", session.Options{}, cookie.Cookie{Name: "sid", Domain: "example.org"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Migrate = mustSCS(t, migrate.SCSOptions{Cookie: c.old, Records: find})
			err := c.o.Check()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// An application may want the user alone.
func TestNoValues(t *testing.T) {
	for name, values := range map[string]func(*session.Session, map[string]any) error{
		"nil": nil, "sets nothing": func(*session.Session, map[string]any) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			old := &oldStore{data: map[string][]byte{token: scsData(t, time.Now().Add(time.Hour), ann())}}
			from := mustSCS(t, migrate.SCSOptions{Records: old.records(), User: userOf, Values: values})
			s := newSite(t, memory.New(), session.Options{Migrate: from})
			if a := s.visit(oldCookie); a.user != "ann" || a.cart != nil || a.ticket() == "" {
				t.Errorf("%q with cart %v and %v, want ann without, and a ticket", a.user, a.cart, a.cookies)
			}
		})
	}
}
