package servers

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
)

// timeout is for what never comes.
const timeout = 20 * time.Second

// An ear listens to a feed.
type ear struct {
	mu   sync.Mutex
	all  []store.Notice
	news chan struct{}
}

// Hear subscribes to a feed until the test ends, and waits until it is whole.
func Hear(t *testing.T, feed store.Feed) *ear {
	t.Helper()
	e := listen(t, feed)
	e.awaits(t, func(n store.Notice) bool { return n.Kind == store.Beat })
	return e
}

func listen(t *testing.T, feed store.Feed) *ear {
	e := &ear{news: make(chan struct{}, 1)}
	stop := feed.Subscribe(func(n store.Notice) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.all = append(e.all, n)
		select {
		case e.news <- struct{}{}:
		default:
		}
	})
	t.Cleanup(stop)
	return e
}

// awaits waits for a notice and returns its place among all.
func (e *ear) awaits(t *testing.T, is func(store.Notice) bool) int {
	t.Helper()
	deadline := time.After(timeout)
	for {
		e.mu.Lock()
		for i, n := range e.all {
			if is(n) {
				e.mu.Unlock()
				return i
			}
		}
		e.mu.Unlock()
		select {
		case <-e.news:
		case <-deadline:
			t.Fatalf("was not told within %v", timeout)
		}
	}
}

// Told waits for a notice of a record.
func (e *ear) Told(t *testing.T, kind store.NoticeKind, id store.ID) int {
	t.Helper()
	return e.awaits(t, func(n store.Notice) bool { return n.Kind == kind && n.ID == id })
}

// beatAfter waits for a beat that vouches for a moment, and returns its place.
func (e *ear) beatAfter(t *testing.T, at time.Time) int {
	t.Helper()
	return e.awaits(t, func(n store.Notice) bool { return n.Kind == store.Beat && n.At.After(at) })
}

// notice returns the notice at a place.
func (e *ear) notice(i int) store.Notice {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.all[i]
}

func (e *ear) count(id store.ID) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, notice := range e.all {
		if notice.ID == id {
			n++
		}
	}
	return n
}

// FeedOfOthers has one program hear what another does, and checks what beats claim: when one comes, all that was
// durable at its moment has been told.
func FeedOfOthers(t *testing.T, s Server, d sqlstore.Dialect, options ...sqlstore.Options) {
	database := s.Create(t)
	a, _ := open(t, s, d, database, options...)
	b, _ := open(t, s, d, database, options...)
	e := Hear(t, b)
	for range 3 {
		r := Session("ada")
		must(t, a.Create(t.Context(), r, store.ID{}))
		durable := time.Now()
		beat := e.beatAfter(t, durable)
		if told := e.Told(t, store.Created, r.ID); told > beat {
			t.Errorf("a beat vouched for a moment at which something was durable that had not been told")
		}
		next := Session("ada")
		next.Version = 1
		must(t, a.Create(t.Context(), next, r.ID))
		old := e.Told(t, store.Replaced, r.ID)
		if e.Told(t, store.Created, next.ID) < old || e.notice(old).By != next.ID {
			t.Error("the new record was told before the old one, or the old one did not name it")
		}
		if _, err := a.DeleteUser(t.Context(), "ada"); err != nil {
			t.Fatal(err)
		}
		e.Told(t, store.Deleted, next.ID)
	}
}

// LateCommits has transactions that take long while others are quick: what they change is told when they are committed,
// to those who have listened all the time and to those who came meanwhile, and once. holds are how long.
func LateCommits(t *testing.T, s Server, d sqlstore.Dialect, insert string, holds ...time.Duration) {
	database := s.Create(t)
	st, db := open(t, s, d, database)
	e := Hear(t, st)
	begin := func() (*sql.Tx, store.ID) {
		id := store.NewID()
		tx, err := db.BeginTx(context.Background(), nil)
		must(t, err)
		_, err = tx.Exec(insert, id[:])
		must(t, err)
		return tx, id
	}
	for _, hold := range holds {
		slow, slowID := begin()
		undone, undoneID := begin()
		r := Session("ada")
		must(t, st.Create(t.Context(), r, store.ID{}))
		e.Told(t, store.Created, r.ID)
		late, _ := open(t, s, d, database)
		meanwhile := Hear(t, late)
		must(t, st.Create(t.Context(), Session("ada"), store.ID{}))
		must(t, undone.Rollback())
		e.beatAfter(t, time.Now().Add(hold))
		must(t, slow.Commit())
		for _, e := range []*ear{e, meanwhile} {
			e.Told(t, store.Deleted, slowID)
			e.beatAfter(t, time.Now())
			if n := e.count(slowID); n != 1 {
				t.Errorf("a late change was told %d times", n)
			}
			if n := e.count(undoneID); n != 0 {
				t.Errorf("a change that was undone was told %d times", n)
			}
		}
	}
}

// LostAndFound has the server killed under a subscriber.
func LostAndFound(t *testing.T, s Server, d sqlstore.Dialect) {
	st, _ := open(t, s, d, s.Create(t))
	e := Hear(t, st)
	s.Kill()
	e.awaits(t, func(store.Notice) bool { // the second one: the first was told at the beginning
		lost := 0
		for _, n := range e.all {
			if n.Kind == store.Lost {
				lost++
			}
		}
		return lost == 2
	})
	s.Restart()
	e.beatAfter(t, time.Now())
	e.mu.Lock()
	var kinds []store.NoticeKind
	for _, n := range e.all {
		if n.Kind == store.Lost || len(kinds) == 0 || kinds[len(kinds)-1] != n.Kind {
			kinds = append(kinds, n.Kind)
		}
	}
	e.mu.Unlock()
	if want := []store.NoticeKind{store.Lost, store.Beat, store.Lost, store.Beat}; len(kinds) != len(want) {
		t.Errorf("heard %v, want %v: lost at first, whole, lost with the server, whole again", kinds, want)
	}
	r := Session("ada")
	must(t, st.Create(t.Context(), r, store.ID{}))
	e.Told(t, store.Created, r.ID)
}
