package servers

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A meter counts the calls of a store, and the records that it returns.
type meter struct {
	store.Store
	calls, records int
}

func (m *meter) Delete(ctx context.Context, id store.ID) (bool, error) {
	m.calls++
	return m.Store.Delete(ctx, id)
}

func (m *meter) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	m.calls++
	return m.Store.SetNotBefore(ctx, user, t)
}

func (m *meter) Count(ctx context.Context, user string, after time.Time) (int, error) {
	m.calls++
	n, err := m.Store.Count(ctx, user, after)
	m.records += n
	return n, err
}

func (m *meter) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	m.calls++
	page, err := m.Store.List(ctx, q)
	m.records += len(page)
	return page, err
}

func (m *meter) Live(
	ctx context.Context, user string, after, now time.Time, limit int,
) ([]store.Summary, error) {
	m.calls++
	live, err := m.Store.Live(ctx, user, after, now, limit)
	m.records += len(live)
	return live, err
}

// Surplus signs a user in who has 100,001 sessions, and counts the work: ten are to stay. fill gives the user n
// sessions like the one that there is, all older.
func Surplus(t *testing.T, st store.Store, fill func(like store.ID, n int)) {
	const most, surplus = 10, 100_000
	m := &meter{Store: st}
	managers := make(map[session.LimitPolicy]*session.Manager)
	for _, at := range []session.LimitPolicy{session.LimitEndOldest, session.LimitEndLeastUsed, session.LimitRefuse} {
		managers[at] = session.New(m, session.Options{
			MaxSessions: most, AtLimit: at, SweepInterval: -1, Events: event.NewQueue(),
			StoreTimeout: time.Minute, // statements are counted here, not seconds
		})
		t.Cleanup(func() { _ = managers[at].Close(context.Background()) })
	}
	first := visit(managers[session.LimitEndOldest], "", func(s *session.Session) { must(t, s.SignIn("ada")) })
	fill(idOf(t, st), surplus)

	m.calls, m.records = 0, 0
	visit(managers[session.LimitRefuse], "", func(s *session.Session) {
		if err := s.SignIn("ada"); !errors.Is(err, session.ErrTooManySessions) {
			t.Errorf("refuse: %v", err)
		}
	})
	if m.calls != 1 || m.records > most+1 {
		t.Errorf("a refusal took %d calls and %d records", m.calls, m.records)
	}
	for i, at := range []session.LimitPolicy{session.LimitEndOldest, session.LimitEndLeastUsed} {
		m.calls, m.records = 0, 0
		second := visit(managers[at], "", func(s *session.Session) { must(t, s.SignIn("ada")) })
		if want := []int{102, 2}[i]; m.calls != want || m.records > most+100 {
			t.Errorf("sign-in %d took %d calls and %d records, want %d calls", i, m.calls, m.records, want)
		}
		for _, cookie := range []string{first, second} {
			visit(managers[at], cookie, func(s *session.Session) {
				if s.User() != "ada" {
					t.Errorf("a session that stays has ended")
				}
			})
		}
		cutoffs, err := st.NotBefore(t.Context())
		must(t, err)
		live, err := st.Live(t.Context(), "ada", cutoffs["ada"], time.Now(), 1000)
		if err != nil || len(live) != most {
			t.Errorf("%d sessions are live, %v; want %d", len(live), err, most)
		}
	}
	const left = 1 + surplus + 2 - 101
	if n, err := st.Count(t.Context(), "ada", time.Time{}); err != nil || n != left {
		t.Errorf("%d records, %v; want %d", n, err, left)
	}
	if n := paged(t, st, left/1000+2); n != left {
		t.Errorf("%d records on all pages, want %d", n, left)
	}
}

// paged pages through all records, which takes no more than so many pages, and returns how many there are.
func paged(t *testing.T, st store.Store, pages int) (n int) {
	q := store.Query{User: "ada", Limit: 1000}
	for range pages {
		page, err := st.List(t.Context(), q)
		must(t, err)
		if len(page) == 0 {
			return n
		}
		n += len(page)
		q.After = page[len(page)-1].Cursor()
	}
	t.Fatal("the listing does not end")
	return n
}

// visit makes a request and returns the cookie.
func visit(m *session.Manager, cookie string, do func(*session.Session)) string {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	w := httptest.NewRecorder()
	m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		do(session.From(r.Context()))
	})).ServeHTTP(w, r)
	cookie, _, _ = strings.Cut(w.Header().Get("Set-Cookie"), ";")
	return cookie
}

// idOf returns the ID of the only session.
func idOf(t *testing.T, st store.Store) store.ID {
	t.Helper()
	page, err := st.List(t.Context(), store.Query{})
	if err != nil || len(page) != 1 {
		t.Fatalf("%d sessions, %v", len(page), err)
	}
	return page[0].ID
}
