package servers

import (
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
func SweptBeside(t *testing.T, s Server, d sqlstore.Dialect) {
	st, _ := open(t, s, d, s.Create(t))
	n := trial.Times(10_000, 100_000)
	fill(t, st, n, time.Millisecond)
	var took time.Duration
	beside := saves(t, st, func() {
		began := time.Now()
		if swept, err := st.Sweep(t.Context(), time.Now().Add(time.Minute), n+10); swept != n || err != nil {
			t.Errorf("swept %d, %v; want %d", swept, err, n)
		}
		took = time.Since(began)
	})
	alone := saves(t, st, func() { time.Sleep(took) })
	if len(beside) < 5 {
		t.Errorf("only %d saves got through beside a sweep of %v", len(beside), took)
	}
	t.Logf("a sweep of %d took %v; saves beside it: %s; without it: %s", n, took, spread(beside), spread(alone))
}

// saves saves one session again and again while something is done, and returns how long each save took.
func saves(t *testing.T, st *sqlstore.Store, during func()) (all []time.Duration) {
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
			all = append(all, time.Since(began))
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
func spread(all []time.Duration) string {
	if len(all) == 0 {
		return "none"
	}
	slices.Sort(all)
	return fmt.Sprintf("%d, half of them within %v, 99 of 100 within %v, all within %v", len(all), all[len(all)/2],
		all[len(all)*99/100], all[len(all)-1])
}
