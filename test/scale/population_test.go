package scale

import (
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

const (
	perUser   = 5  // sessions
	callers   = 64 // at once
	userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)

var (
	theme = session.NewKey[string]("theme")
	cart  = session.NewKey[[]string]("cart", session.Carry)
	views = session.NewKey[int]("views")
)

// A population is who is in a store.
type population struct {
	template store.Record
	ids      []store.ID
}

// newPopulation has one user sign in, whose session is what all the others look like.
func newPopulation(t *testing.T) *population {
	st := memory.New()
	newSite(t, st).signIn("user-000000")
	all, err := st.List(ctx, store.Query{})
	if err != nil || len(all) != 1 {
		t.Fatal("one user has signed in, and there are ", len(all), err)
	}
	return &population{template: all[0]}
}

func userName(i int) string { return fmt.Sprintf("user-%06d", i) }

// record returns the i-th session. They began in the last hour, and go on for a day.
func (c *population) record(i int) store.Record {
	r := c.template
	r.ID, r.User = store.NewID(), userName(i/perUser)
	rand.Read(r.Secret[:])
	r.CreatedAt = time.UnixMicro(time.Now().Add(-time.Duration(mathrand.Int64N(int64(time.Hour)))).UnixMicro()).UTC()
	r.LastSeen, r.ExpiresAt, r.IdleTimeout = r.CreatedAt, r.CreatedAt.Add(25*time.Hour), 24*time.Hour
	return r
}

// fill creates n sessions, in the order in which users come: none.
func (c *population) fill(t *testing.T, st store.Store, n int) (perSecond float64) {
	c.ids = make([]store.ID, n)
	places := mathrand.Perm(n)
	return together(t, n, func(i int) error {
		r := c.record(places[i])
		c.ids[places[i]] = r.ID
		return st.Create(ctx, r, store.ID{})
	})
}

// together calls f for every i below n, by many callers at once.
func together(t *testing.T, n int, f func(i int) error) (perSecond float64) {
	t.Helper()
	var next atomic.Int64
	var running sync.WaitGroup
	errs := make([]error, callers)
	began := time.Now()
	for c := range callers {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && errs[c] == nil; i = int(next.Add(1)) - 1 {
				errs[c] = f(i)
			}
		})
	}
	running.Wait()
	must(t, errors.Join(errs...))
	return float64(n) / time.Since(began).Seconds()
}

// A site serves browsers, without a network between.
type site struct {
	*session.Manager
	t *testing.T
}

// newSite is a site on a store. It is given its sweeps and touches by hand.
func newSite(t *testing.T, st store.Store) *site {
	m := session.New(st, session.Options{StoreTimeout: time.Minute, SweepInterval: -1})
	t.Cleanup(func() { _ = m.Close(ctx) })
	return &site{m, t}
}

// serve has a handler do something with the session of a browser, and returns the cookie that it has afterwards.
func (b *site) serve(cookie string, do func(*session.Session) error) string {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("User-Agent", userAgent)
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	w := httptest.NewRecorder()
	b.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		must(b.t, do(session.From(r.Context())))
	})).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.t.Fatalf("status %d", w.Code)
	}
	for _, line := range w.Header()["Set-Cookie"] {
		cookie, _, _ = strings.Cut(line, ";")
	}
	return cookie
}

func (b *site) signIn(user string) (cookie string) {
	return b.serve("", func(s *session.Session) error {
		return errors.Join(s.SignIn(user, session.By("password")),
			theme.Set(s, "dark"), cart.Set(s, []string{"tea", "milk"}), views.Set(s, 12))
	})
}
