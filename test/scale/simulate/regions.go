package main

import (
	"time"

	"coatcheck.dev/test/scale/figures"
)

// A Region is how far away it is from the home of a session, and what that adds to requests there.
type Region struct {
	Name   string
	RTT    time.Duration
	Read   float64 // milliseconds for a read in the mean, with the hits near; a miss takes the whole way
	Miss   float64
	Write  float64
	SignIn float64
	Told   float64 // from the acknowledgement of a revocation to its being heard there
}

// regions adds the way to the home to what was measured on loopback. What is asked for at once counts as one after
// the other.
func regions(e *figures.Engine, hits float64) (all []Region) {
	for _, r := range []Region{
		{Name: "at home", RTT: 500 * time.Microsecond},
		{Name: "the same continent", RTT: 30 * time.Millisecond},
		{Name: "across the Atlantic", RTT: 80 * time.Millisecond},
		{Name: "the other side of the world", RTT: 250 * time.Millisecond},
	} {
		way := float64(r.RTT) / 1e6
		takes := func(kind string) float64 {
			q := e.Request(kind)
			return q.Median/1000 + q.Trips*way
		}
		r.Miss, r.Write, r.SignIn = takes("read, not kept"), takes("write"), takes("sign-in")
		r.Read = hits*e.Request("read, kept near").Median/1000 + (1-hits)*r.Miss
		r.Told = e.Feed.Median/1000 + way/2
		all = append(all, r)
	}
	return all
}
