package session_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A store that stops takes its feed with it. What was known last is for routes that allow it all the same, for as long
// as they say; and when the feed is found again, it is known no more.
//
// Rows: R8
func TestStaleServesWhileTheFeedIsLost(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st,
			asleep(session.Options{OnFailure: func(*http.Request) session.Failure {
				return session.Stale(time.Minute)
			}}))
		b := newBrowser(t, m)
		b.signIn("ada")
		b.user()
		known := func(want bool) {
			t.Helper()
			user := ""
			a := b.with(func(s *session.Session) { user = s.User() })
			if got := a.status == http.StatusOK && user == "ada"; got != want {
				t.Errorf("answer %s for %q, want it known: %v", describe(a), user, want)
			}
		}
		st.down()
		st.inner.Publish(store.Notice{Kind: store.Lost})
		time.Sleep(59 * time.Second)
		known(true)
		time.Sleep(2 * time.Second)
		known(false)

		st.up()
		time.Sleep(10 * time.Second)
		known(true)
		st.down()
		known(true)
		st.inner.Publish(store.Notice{Kind: store.Beat, At: time.Now()})
		known(false)
	})
}

// A recallStore remembers by itself.
type recallStore struct {
	*faultStore
	sealed store.Encoded
	at     time.Time
}

// Peek knows nothing: loads are calls.
func (s *recallStore) Peek(store.ID, time.Time) (store.Encoded, bool) { return store.Encoded{}, false }

func (s *recallStore) Invalidate(store.ID, uint64) {}

func (s *recallStore) Recall(id store.ID, since time.Time) (store.Encoded, bool) {
	return s.sealed, id == s.sealed.ID && !s.at.Before(since)
}

// A store that remembers what it knew is asked instead.
//
// Rows: R8
func TestStaleRecallsFromTheStore(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		st := &recallStore{faultStore: newFaultStore()}
		m := newManager(t, st,
			asleep(session.Options{OnFailure: func(*http.Request) session.Failure {
				return session.Stale(time.Minute)
			}}))
		b := newBrowser(t, m)
		r, err := st.inner.Load(t.Context(), b.signIn("ada"))
		if err != nil {
			t.Fatal(err)
		}
		st.down()
		for _, c := range []struct {
			sealed store.Encoded
			age    time.Duration
			status int
		}{
			{store.Encoded{ID: r.ID, Version: 1, Body: string(r.AppendBody(nil))}, 0, 200},
			{store.Encoded{ID: r.ID, Version: 1, Body: string(r.AppendBody(nil))}, time.Hour, 503},
			{store.Encoded{ID: r.ID, Version: 1, Body: "damaged"}, 0, 503},
			{store.Encoded{}, 0, 503},
		} {
			st.sealed, st.at = c.sealed, time.Now().Add(-c.age)
			if a := b.with(nothing); a.status != c.status || len(a.setCookies()) > 0 {
				t.Errorf("of age %v: %s, want %d", c.age, describe(a), c.status)
			}
		}
	})
}

// However many requests want one session, or the switches, no more of them wait than calls may be under way; and none
// waits while it is known that the store does not answer.
//
// Rows: I9, I10
func TestWaitingForTheStoreIsBounded(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{MaxStoreCalls: 3}))
		b := newBrowser(t, m)
		b.signIn("ada")
		st.hang("Load")
		at := func(n int) (quick int) {
			began := time.Now()
			var running sync.WaitGroup
			var mu sync.Mutex
			for range n {
				c := b.copied()
				running.Go(func() {
					a := c.with(nothing)
					mu.Lock()
					defer mu.Unlock()
					if a.status != http.StatusServiceUnavailable || len(a.setCookies()) > 0 {
						t.Errorf("answer %s", describe(a))
					}
					if time.Since(began) == 0 {
						quick++
					}
				})
			}
			synctest.Wait()
			running.Wait()
			return quick
		}
		for round := range 2 {
			if quick := at(20); quick != 17 {
				t.Errorf("round %d: %d of 20 were answered at once, want 17", round, quick)
			}
		}
		at(20)
		if quick := at(20); quick < 19 { // one may ask
			t.Errorf("when the store is known to be down, %d of 20 are answered at once", quick)
		}
	})
}
