package scale

import (
	"errors"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/test/scale/figures"
)

// These are the manager's.
const (
	sweepSlice = 500
	sweepPause = 20 * time.Millisecond
)

// sweep adds a tenth as many sessions that are over, and has them swept beside requests. The same requests run for as
// long after that, as what they take on a machine that others use is no fault of the sweep.
func sweep(t *testing.T, g *engine, st store.Store, c *population, e *figures.Engine) {
	s := &e.Sweep
	s.Expired = len(c.ids) / 10
	const alone = 2000 // that are swept alone, to count
	g.setLax(true)
	together(t, s.Expired+alone, func(i int) error {
		r := c.record(i)
		r.ExpiresAt = r.CreatedAt.Add(time.Second)
		return st.Create(ctx, r, store.ID{})
	})
	g.setLax(false)
	now := time.Now().Add(2 * time.Second)
	slice := func() int {
		n, err := st.Sweep(ctx, now, sweepSlice)
		must(t, err)
		return n
	}
	e.Requests = append(e.Requests, observe(g, "sweep", alone/sweepSlice, sweepSlice, func(int) { slice() }))
	began, swept := time.Now(), 0
	beside := c.meanwhile(t, st, func() {
		for n := sweepSlice; n == sweepSlice; time.Sleep(sweepPause) {
			n = slice()
			swept += n
		}
	})
	took := time.Since(began)
	if swept != s.Expired {
		t.Fatalf("swept %d of %d", swept, s.Expired)
	}
	calm := c.meanwhile(t, st, func() { time.Sleep(took) })
	s.Requests, s.Took = len(beside), micros(took)
	s.Longest, s.P99 = micros(at(beside, 1000)), micros(at(beside, 990))
	s.Calm, s.CalmP99 = micros(at(calm, 1000)), micros(at(calm, 990))
}

// meanwhile has four visitors make requests, one after the other with a pause, while something runs.
func (c *population) meanwhile(t *testing.T, st store.Store, run func()) (all []time.Duration) {
	const visitors = 4
	stop := make(chan struct{})
	var times [visitors][]time.Duration
	var errs [visitors]error
	var running sync.WaitGroup
	for v := range visitors {
		running.Go(func() {
			for errs[v] == nil {
				errs[v] = c.visit(st, &times[v])
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
				}
			}
		})
	}
	run()
	close(stop)
	running.Wait()
	must(t, errors.Join(errs[:]...))
	return slices.Concat(times[:]...)
}

// visit loads a session, and now and then saves it or lists those of its user.
func (c *population) visit(st store.Store, times *[]time.Duration) error {
	timed := func(do func() error) error {
		began := time.Now()
		err := do()
		*times = append(*times, time.Since(began))
		return err
	}
	var r store.Record
	if err := timed(func() (err error) {
		r, err = st.Load(ctx, c.ids[mathrand.IntN(len(c.ids))])
		return err
	}); err != nil {
		return err
	}
	switch mathrand.IntN(10) {
	case 0:
		err := timed(func() error { return st.Save(ctx, r) })
		if errors.Is(err, store.ErrConflict) { // another visitor was quicker
			return nil
		}
		return err
	case 1:
		return timed(func() error { _, err := st.List(ctx, store.Query{User: r.User}); return err })
	}
	return nil
}
