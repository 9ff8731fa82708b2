package main

import (
	"math/rand/v2"
	"slices"
)

// A queue is one shard of a store that does one thing after the other, as fast as it was measured to. Loads wait
// behind whatever came before them. It returns how long half of the loads and all but a hundredth take, in seconds.
func queue(work []work) (median, p99 float64) {
	rng := rand.New(rand.NewPCG(3, 4))
	rate := 0.0
	for _, w := range work {
		rate += w.rate
	}
	var loads []float64
	now, free := 0.0, 0.0
	for len(loads) < 50_000 {
		now += rng.ExpFloat64() / rate
		i, pick := 0, rng.Float64()*rate
		for pick >= work[i].rate && i < len(work)-1 {
			pick -= work[i].rate
			i++
		}
		free = max(free, now) + work[i].takes
		if i == 0 {
			loads = append(loads, free-now)
		}
	}
	slices.Sort(loads)
	return loads[len(loads)/2], loads[len(loads)*99/100]
}

// A work is one kind of it: how often it comes a second, and how long it keeps the shard busy, in seconds. The first
// kind are loads.
type work struct{ rate, takes float64 }

// use is the part of the time that a shard is busy.
func use(all []work) (part float64) {
	for _, w := range all {
		part += w.rate * w.takes
	}
	return part
}
