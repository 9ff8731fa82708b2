package main

import (
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"coatcheck.dev/bench/figures"
	"coatcheck.dev/store"
)

// These are the manager's.
const (
	sweepSlice = 500
	sweepPause = 20 * time.Millisecond
)

// sweep adds a tenth as many sessions that are over, and has them swept beside requests. The same requests run for as long
// before that, as what they take on a machine that others use is no fault of the sweep.
func sweep(g *engine, st store.Store, c *crowd, e *figures.Engine) error {
	expired := len(c.ids) / 10
	e.Sweep.Expired = expired
	if err := g.lax(true); err != nil {
		return err
	}
	const alone = 2000 // that are swept alone, to count
	if err := together(expired+alone, func(i int) error {
		r := c.record(i)
		r.ExpiresAt = r.CreatedAt.Add(time.Second)
		return st.Create(ctx, r, store.ID{})
	}); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	if err := g.lax(false); err != nil {
		return err
	}
	now := time.Now().Add(2 * time.Second)
	r, err := observe(g, alone/sweepSlice, sweepSlice, func(int) error { _, err := st.Sweep(ctx, now, sweepSlice); return err })
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	r.Kind = "sweep"
	e.Requests = append(e.Requests, r)
	swept := 0
	began := time.Now()
	beside, err := c.meanwhile(st, func() error {
		for ; ; time.Sleep(sweepPause) {
			n, err := st.Sweep(ctx, now, sweepSlice)
			if swept += n; err != nil || n < sweepSlice {
				return err
			}
		}
	})
	took := time.Since(began)
	if err != nil || swept != expired {
		return fmt.Errorf("swept %d of %d: %v", swept, expired, err)
	}
	calm, err := c.meanwhile(st, func() error { time.Sleep(took); return nil })
	if err != nil {
		return err
	}
	s := &e.Sweep
	s.Requests, s.Took = len(beside), micros(took)
	s.Longest, s.P99 = micros(at(beside, 1000)), micros(at(beside, 990))
	s.Calm, s.CalmP99 = micros(at(calm, 1000)), micros(at(calm, 990))
	return nil
}

// meanwhile has four visitors make requests, one after the other with a pause, while something runs: loads, and now and then a
// save and a list.
func (c *crowd) meanwhile(st store.Store, run func() error) ([]time.Duration, error) {
	stop := make(chan struct{})
	var mu sync.Mutex
	var all []time.Duration
	var failed error
	var visitors sync.WaitGroup
	for range 4 {
		visitors.Go(func() {
			var own []time.Duration
			var err error
			for err == nil {
				id := c.ids[mathrand.IntN(len(c.ids))]
				began := time.Now()
				var r store.Record
				r, err = st.Load(ctx, id)
				own = append(own, time.Since(began))
				if err != nil {
					break
				}
				began = time.Now()
				switch mathrand.IntN(10) {
				case 0:
					if err = st.Save(ctx, r); err == store.ErrConflict { // another visitor was quicker
						err = nil
					}
				case 1:
					_, err = st.List(ctx, store.Query{User: r.User})
				default:
					began = time.Time{}
				}
				if !began.IsZero() {
					own = append(own, time.Since(began))
				}
				select {
				case <-stop:
					mu.Lock()
					defer mu.Unlock()
					all = append(all, own...)
					return
				case <-time.After(time.Millisecond):
				}
			}
			mu.Lock()
			defer mu.Unlock()
			failed = err
		})
	}
	err := run()
	close(stop)
	visitors.Wait()
	if failed != nil {
		err = fmt.Errorf("request beside: %w", failed)
	}
	return all, err
}
