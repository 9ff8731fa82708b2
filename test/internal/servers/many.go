package servers

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
	sqlstore "coatcheck.dev/store/sql"
	"coatcheck.dev/test/internal/trial"
)

// fill creates sessions of users, five each, with a session's life to go.
func fill(t *testing.T, st *sqlstore.Store, n int, life time.Duration) {
	t.Helper()
	var done sync.WaitGroup
	const workers = 8
	for w := range workers {
		done.Go(func() {
			for i := w; i < n && !t.Failed(); i += workers {
				r := Session(fmt.Sprintf("user %d", i/5))
				r.ExpiresAt = r.CreatedAt.Add(life)
				if err := st.Create(context.Background(), r, store.ID{}); err != nil {
					t.Errorf("create: %v", err)
				}
			}
		})
	}
	done.Wait()
}

// OneUserAmongMany counts the rows that the server looks at to find what belongs to one user, or comes next in a
// listing: it is the same few, however many others there are.
func OneUserAmongMany(t *testing.T, s Server, d sqlstore.Dialect, looked func(*testing.T, *sql.DB) int) {
	st, db := open(t, s, d, s.Create(t))
	n := trial.Times(20_000, 1_000_000)
	fill(t, st, n, time.Hour)
	db.SetMaxOpenConns(1)
	for _, c := range []struct {
		name string
		most int
		do   func() error
	}{
		{"list a user's", 60, func() error {
			list, err := st.List(t.Context(), store.Query{User: "user 77"})
			if len(list) != 5 {
				t.Errorf("listed %d, want 5", len(list))
			}
			return err
		}},
		{"count a user's", 60, func() error { _, err := st.Count(t.Context(), "user 78", time.Time{}); return err }},
		{"find a user's live ones", 60, func() error {
			live, err := st.Live(t.Context(), "user 80", time.Time{}, time.Now(), 110)
			if len(live) != 5 {
				t.Errorf("%d are live, want 5", len(live))
			}
			return err
		}},
		{"list a page of all", 150, func() error {
			_, err := st.List(t.Context(), store.Query{Limit: 50})
			return err
		}},
		{"list a page from the middle", 150, func() error {
			list, err := st.List(t.Context(), store.Query{User: "user 1000"})
			if err == nil {
				_, err = st.List(t.Context(), store.Query{After: list[0].Cursor(), Limit: 50})
			}
			return err
		}},
		{"touch", 60, func() error {
			return st.Touch(t.Context(),
				[]store.Seen{{ID: store.NewID(), At: time.Now()}, {ID: store.NewID(), At: time.Now()}})
		}},
		{"delete a user's", 100, func() error { _, err := st.DeleteUser(t.Context(), "user 79"); return err }},
		{"sweep nothing", 60, func() error { _, err := st.Sweep(t.Context(), time.Now(), 100); return err }},
	} {
		before := looked(t, db)
		began := time.Now()
		must(t, c.do())
		took := time.Since(began)
		if got := looked(t, db) - before; got > c.most {
			t.Errorf("%s: the server looked at %d rows of %d, want no more than %d", c.name, got, n, c.most)
		} else {
			t.Logf("%s: %d rows of %d, %v", c.name, got, n, took)
		}
	}
}

// SweptBeside sweeps very many while others work, and logs how long those had to wait, and how long when nobody sweeps.
// If a sweep locked others out until it is through, no save could begin and end within one. A machine that stands still
// for as long as a sweep takes proves nothing, and then it sweeps again.
func SweptBeside(t *testing.T, s Server, d sqlstore.Dialect) {
	st, _ := open(t, s, d, s.Create(t))
	n := trial.Times(10_000, 100_000)
	for round, within := 0, 0; within < 5; round++ {
		if round == 10 {
			t.Fatalf("only %d saves got through within a sweep", within)
		}
		within = 0
		fill(t, st, n, time.Millisecond)
		var began, ended time.Time
		beside := saves(t, st, func() {
			began = time.Now()
			if swept, err := st.Sweep(t.Context(), began.Add(time.Minute), n+10); swept != n || err != nil {
				t.Errorf("swept %d, %v; want %d", swept, err, n)
			}
			ended = time.Now()
		})
		for _, save := range beside {
			if save.began.After(began) && save.began.Add(save.took).Before(ended) {
				within++
			}
		}
		took := ended.Sub(began)
		alone := saves(t, st, func() { time.Sleep(took) })
		t.Logf("a sweep of %d took %v; saves beside it: %s; without it: %s", n, took, spread(beside), spread(alone))
	}
}

// A save is one of a session.
type save struct {
	began time.Time
	took  time.Duration
}

// saves saves one session again and again while something is done.
func saves(t *testing.T, st *sqlstore.Store, during func()) (all []save) {
	r := Session("ada")
	r.IdleTimeout = 0
	must(t, st.Create(t.Context(), r, store.ID{}))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for r.Version = 1; ; r.Version++ {
			began := time.Now()
			if err := st.Save(context.Background(), r); err != nil {
				t.Errorf("save: %v", err)
				return
			}
			all = append(all, save{began, time.Since(began)})
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	during()
	close(stop)
	<-done
	return all
}

// spread says what most of the times were.
func spread(all []save) string {
	if len(all) == 0 {
		return "none"
	}
	slices.SortFunc(all, func(a, b save) int { return cmp.Compare(a.took, b.took) })
	return fmt.Sprintf("%d, half of them within %v, 99 of 100 within %v, all within %v", len(all), all[len(all)/2].took,
		all[len(all)*99/100].took, all[len(all)-1].took)
}
