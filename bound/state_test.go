package bound_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"context"

	"coatcheck.dev/bound"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
)

// Saves of the application's values and refreshes of the binding go on at the same time, and neither loses anything of
// the other.
//
// Rows: D4, R4
func TestNoSaveLosesTheBinding(t *testing.T) {
	s := newSite(t, bound.Options{})
	hits := session.NewKey[int]("hits")
	inner := s.handler
	count := s.sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := hits.Update(session.From(r.Context()), func(n int) int { return n + 1 }); err != nil {
			t.Error(err)
		}
	}))
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/count" {
			count.ServeHTTP(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
	b := s.browser()
	b.signIn("ada")
	const writers, times = 16, 8
	var group sync.WaitGroup
	for range writers {
		c := b.copied()
		group.Go(func() {
			for range times {
				c.get("/count")
			}
		})
	}
	if a := b.register(nil); a.status != http.StatusOK {
		t.Fatalf("register: %d %s", a.status, a.body)
	}
	for range 20 {
		if a := b.refresh(nil); a.status != http.StatusOK || !a.setsBound() {
			t.Fatalf("refresh: %d %s", a.status, a.body)
		}
		if got := b.get("/").body; got != "ada" {
			t.Fatalf("a page for %q", got)
		}
	}
	group.Wait()
	s.handler = s.sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, hits.Get(session.From(r.Context())))
	}))
	if got, want := b.get("/").body, fmt.Sprint(writers*times); got != want {
		t.Errorf("%s changes were saved, want %s", got, want)
	}
}

// Of many refreshes with one challenge at the same moment, one has a cookie.
//
// Rows: D5
func TestParallelRefreshesUseAChallengeOnce(t *testing.T) {
	s := newSite(t, bound.Options{})
	b := s.bound("ada")
	var mu sync.Mutex
	statuses := map[int]int{}
	var group sync.WaitGroup
	for range 16 {
		c := b.copied()
		c.key = b.key
		group.Go(func() {
			a := c.refresh(nil)
			mu.Lock()
			defer mu.Unlock()
			statuses[a.status]++
		})
	}
	group.Wait()
	if statuses[200] != 1 || statuses[403] != 15 {
		t.Errorf("statuses %v, want one 200 and 15 of 403", statuses)
	}
}

// failing is a store that can be stopped.
type failing struct {
	store.Store
	mu   sync.Mutex
	down bool
}

var errDown = errors.New("down")

func (f *failing) stop(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *failing) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return errDown
	}
	return nil
}

func (f *failing) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if err := f.err(); err != nil {
		return store.Record{}, err
	}
	return f.Store.Load(ctx, id)
}

func (f *failing) Save(ctx context.Context, r store.Record) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Store.Save(ctx, r)
}

// A store that is down during a refresh, or a registration, ends nothing: the browser keeps what it has.
//
// Rows: D9, R8
func TestStoreDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &failing{Store: memory.New()}
		s := siteWith(t, st, session.Options{}, bound.Options{})
		b, other := s.bound("ada"), s.browser()
		other.signIn("eve")
		time.Sleep(10 * time.Minute)
		st.stop(true)
		for name, cookies := range map[string]bool{"with cookies": true, "without": false} {
			if a := b.refresh(func(f *forgery) { f.cookies = cookies }); a.status != http.StatusServiceUnavailable {
				t.Errorf("refresh %s: %d", name, a.status)
			}
		}
		st.stop(false)
		time.Sleep(time.Minute) // until the store is tried again
		if a := b.refresh(nil); a.status != http.StatusOK {
			t.Errorf("refresh, when the store is there again: %d", a.status)
		}
		if got := b.get("/").body; got != "ada" {
			t.Errorf("a page for %q", got)
		}
	})
}

// What one node has written, another one knows when it matters, although its copy is older.
func TestTwoNodes(t *testing.T) {
	shared := memory.New()
	var nodes []*site
	for range 2 {
		st := near.New(struct {
			store.Store
			store.Feed
		}{shared, shared}, near.Options{})
		nodes = append(nodes, siteWith(t, st, session.Options{}, bound.Options{Grace: -1}))
	}
	b := nodes[0].bound("ada")
	for i := range 20 {
		b.site = nodes[i%2]
		if a := b.refresh(nil); a.status != http.StatusOK {
			t.Fatalf("refresh %d: %d %s", i, a.status, a.body)
		}
		b.site = nodes[(i+1)%2]
		if got := b.get("/").body; got != "ada" {
			t.Fatalf("after refresh %d the other node has a page for %q", i, got)
		}
	}
}

// However often a browser fetches a cookie, what the record has of it stays small, and the latest cookies are good.
//
// Rows: I9
func TestTheStateStaysSmall(t *testing.T) {
	s := newSite(t, bound.Options{})
	b := s.bound("ada")
	size := func() int {
		infos, err := s.sessions.List(t.Context(), "ada")
		if err != nil || len(infos) != 1 {
			t.Fatal(infos, err)
		}
		return len(infos[0].Guard)
	}
	refresh := func() {
		if a := b.refresh(nil); a.status != http.StatusOK {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	for range 20 {
		refresh()
	}
	before := size()
	for range 20 {
		refresh()
	}
	if after := size(); after > before+100 { // times have up to 9 digits of a second
		t.Errorf("%d bytes became %d", before, after)
	}
	if got := b.get("/account").body; got != "ada" {
		t.Errorf("a page for %q", got)
	}
}

// A user's list tells which sessions are bound, with what and since when.
//
// Rows: D12
func TestListsTell(t *testing.T) {
	s := newSite(t, bound.Options{})
	s.browser().signIn("ada")
	b := s.bound("ada")
	infos, err := s.sessions.List(t.Context(), "ada")
	if err != nil || len(infos) != 2 {
		t.Fatal(infos, err)
	}
	for _, info := range infos {
		got, ok := bound.Of(info)
		if is := info.Handle.String() == b.id; ok != is {
			t.Errorf("%v is bound: %v", info.Handle, ok)
		} else if is && (got.Key != "EC P-256" || time.Since(got.Since) > time.Minute || !got.Confirmed) {
			t.Errorf("it is bound as %+v", got)
		}
	}
}
