package main

import (
	"math"
	mathrand "math/rand/v2"
	"sort"
	"time"

	"coatcheck.dev/bench/figures"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
)

// nearKept has caches with room for a part of n sessions read them as visitors do, some more often than others, and counts how
// often they did not have to ask. It weighs a cache that keeps all of them as well.
func nearKept(n int) (all []figures.Kept, entry, counted float64, err error) {
	inner := memory.New()
	c := newCrowd()
	if _, err := c.fill(inner, n); err != nil {
		return nil, 0, 0, err
	}
	before := heap()
	st := near.New(struct{ store.Store }{inner}, near.Options{MaxBytes: 1 << 40, Lease: time.Hour})
	for _, id := range c.ids {
		if _, err := st.Load(ctx, id); err != nil {
			return nil, 0, 0, err
		}
	}
	entry = math.Round(float64(heap()-before) / float64(n))
	counted = float64(st.Stats().Bytes) / float64(n)
	st.Close()
	for _, skew := range []float64{0.7, 0.9, 1.1} {
		ranks := zipf(n, skew)
		for _, part := range []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1} {
			room := int64(part*float64(n)*counted) + 1<<12
			st := near.New(struct{ store.Store }{inner}, near.Options{MaxBytes: room, Lease: time.Hour})
			read := func(times int) error {
				for range times {
					if _, err := st.Load(ctx, c.ids[ranks()]); err != nil {
						return err
					}
				}
				return nil
			}
			if err := read(4 * n); err != nil {
				return nil, 0, 0, err
			}
			warm := st.Stats().Hits
			if err := read(2 * n); err != nil {
				return nil, 0, 0, err
			}
			all = append(all, figures.Kept{Part: part, Skew: skew, Ratio: round(float64(st.Stats().Hits-warm)/float64(2*n), 3)})
			st.Close()
		}
	}
	return all, entry, math.Round(counted), nil
}

// zipf draws ranks below n: the one of rank k is drawn as often as k to the power of -skew says.
func zipf(n int, skew float64) func() int {
	sums := make([]float64, n)
	sum := 0.0
	for k := range sums {
		sum += math.Pow(float64(k+1), -skew)
		sums[k] = sum
	}
	return func() int { return sort.SearchFloat64s(sums, mathrand.Float64()*sum) }
}
