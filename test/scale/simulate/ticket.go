package main

import "time"

// loadsOf is how often a node asks the store for one ticket that comes so many times a second, for a second, if the
// store takes so long to answer. Those who come while an answer is on its way share the next one, which begins when
// this one has come; and once one has been kept, nobody asks. While the feed is down nothing is kept.
func loadsOf(perSecond int, takes time.Duration, kept bool) (loads int) {
	var lands time.Duration // of the load that is under way
	isUnderWay, waits := false, false
	every := time.Second / time.Duration(perSecond)
	has := false
	for at := time.Duration(0); at < time.Second; at += every {
		for isUnderWay && lands <= at {
			has = kept
			isUnderWay = waits
			if waits {
				loads, waits, lands = loads+1, false, lands+takes
			}
		}
		switch {
		case has:
		case isUnderWay:
			waits = true
		default:
			loads, isUnderWay, lands = loads+1, true, at+takes
		}
	}
	return loads
}
