package scale

import (
	"math"
	mathrand "math/rand/v2"
	"sort"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
	"coatcheck.dev/test/scale/figures"
)

// nearKept has caches with room for a part of n sessions read them as visitors do, some more often than others, and
// counts how often they did not have to ask. It weighs a cache that keeps all of them as well.
func nearKept(t *testing.T, n int) (all []figures.Kept, entry, counted float64) {
	inner := memory.New()
	c := newPopulation(t)
	c.fill(t, inner, n)
	entry, counted = weigh(t, inner, c)
	for _, skew := range []float64{0.7, 0.9, 1.1} {
		ranks := zipf(n, skew)
		for _, part := range []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1} {
			room := int64(part*float64(n)*counted) + 1<<12
			st := near.New(bare{inner}, near.Options{MaxBytes: room, Lease: time.Hour})
			read := func(times int) (hits uint64) {
				before := st.Stats().Hits
				for range times {
					_, err := st.Load(ctx, c.ids[ranks()])
					must(t, err)
				}
				return st.Stats().Hits - before
			}
			read(4 * n)
			all = append(all, figures.Kept{Part: part, Skew: skew, Ratio: round(float64(read(2*n))/float64(2*n), 3)})
			st.Close()
		}
	}
	return all, entry, math.Round(counted)
}

// weigh keeps all sessions near, and returns what each of them takes and what it counts as.
func weigh(t *testing.T, inner store.Store, c *population) (entry, counted float64) {
	before := heap()
	st := near.New(bare{inner}, near.Options{MaxBytes: 1 << 40, Lease: time.Hour})
	defer st.Close()
	for _, id := range c.ids {
		_, err := st.Load(ctx, id)
		must(t, err)
	}
	n := float64(len(c.ids))
	return math.Round(float64(heap()-before) / n), float64(st.Stats().Bytes) / n
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
