package main

import (
	"fmt"

	"coatcheck.dev/bench/results"
)

// A goal is what a release has to hold, in the same run on the same machine and at each number of processors.
type goal struct {
	work    string
	wants   string
	measure func(*results.Build, int) (got float64, met, ok bool) // ok: all that it takes was measured
	unit    string
}

const room = "B/session"

// level allows for the noise between two that are equally fast.
const level = 1.05

var goals = []goal{
	atMostTimes("SessionRead/coatcheck", 1.8, "SessionRead/limit"),
	fasterThan("SessionRead/coatcheck", 30, "SessionRead/scs"),
	fasterThan("SessionRead/coatcheck-near", 30, "SessionRead/scs"),
	atMostTimes("SessionRead/coatcheck-sealed", 1.03, "SessionRead/coatcheck"),
	atMost("SessionRead/coatcheck", 5, results.Allocs),
	atMostTimes("SessionReadKey/coatcheck", 3.0, "SessionReadKey/limit"),
	atMost("SessionReadKey/coatcheck", 8, results.Allocs),
	fasterThan("SessionWrite/coatcheck", 12, "SessionWrite/scs"),
	anonymous,
	atMost("Anonymous/coatcheck", 2, results.Allocs),
	atMost("GarbageTicket/coatcheck", 1000, results.Time),
	atMostTimes("DurableSignIn/coatcheck/one", level, "DurableSignIn/scs/one"),
	fasterThan("DurableSignIn/coatcheck/64", 3, "DurableSignIn/scs/64"),
	partOf("MemoryPerSession/coatcheck/sessions=1000000", 0.5, "MemoryPerSession/scs/sessions=1000000", room),
	atMostTimes("MemoryPerSession/coatcheck/sessions=1000000", 1.5, "MemoryPerSession/coatcheck/sessions=1000"),
	atMostTimes("RedisNearRead/coatcheck", 2.0, "RedisNearRead/limit"),
	fasterThan("RedisNearRead/coatcheck", 30, "RedisNearRead/scs"),
	atMostTimes("RedisMiss/coatcheck", 1.3, "RedisMiss/get"),
	atMostTimes("RedisWrite/coatcheck", 1.4, "RedisWrite/evalsha"),
	atMostTimes("PostgresMiss/coatcheck", 1.3, "PostgresMiss/select"),
	atMostTimes("TokenVerify/alg=ES256/coatcheck", 1.15, "TokenVerify/alg=ES256/limit"),
	fasterThan("TokenVerify/alg=ES256/coatcheck", 1/level, "TokenVerify/alg=ES256/golangjwt"),
	atMostTimes("TokenVerify/alg=EdDSA/coatcheck", 1.15, "TokenVerify/alg=EdDSA/limit"),
	fasterThan("TokenVerify/alg=EdDSA/coatcheck", 1/level, "TokenVerify/alg=EdDSA/golangjwt"),
	fasterThan("TokenAgain/alg=ES256/coatcheck", 20, "TokenAgain/alg=ES256/golangjwt"),
	fasterThan("TokenAgain/alg=EdDSA/coatcheck", 20, "TokenAgain/alg=EdDSA/golangjwt"),
	fasterThan("SealOpen/coatcheck", 4, "SealOpen/securecookie"),
	atMostTimes("SealOpen/coatcheck", 2, "SealOpen/limit"),
	atMostMore("BoundRead/coatcheck", 60, "BoundRead/unbound", "ns", results.Time),
	atMostMore("BoundRead/coatcheck", 0, "BoundRead/unbound", results.Allocs, results.Allocs),
	atMostMore("Drift/coatcheck", 150, "Drift/unwatched", "ns", results.Time),
	atMostMore("Drift/coatcheck", 0, "Drift/unwatched", results.Allocs, results.Allocs),
	fasterThan("SealSeal/coatcheck", 4, "SealSeal/securecookie"),
	atMostTimes("SealSeal/coatcheck", 2, "SealSeal/limit"),
	fasterThan("CookieLookup/coatcheck", 8, "CookieLookup/nethttp"),
	atMost("CookieLookup/coatcheck", 0, results.Allocs),
	fasterThan("PreferenceRead/coatcheck", 8, "PreferenceRead/nethttp"),
	atMost("PreferenceRead/coatcheck", 60, results.Time),
	atMost("PreferenceRead/coatcheck", 0, results.Allocs),
	fasterThan("CookieAll/coatcheck", 8, "CookieAll/nethttp"),
	atMost("CookieAll/coatcheck", 0, results.Allocs),
	fasterThan("SetCookieParse/coatcheck", 2, "SetCookieParse/nethttp"),
	fasterThan("JarSet/coatcheck", 1, "JarSet/nethttp"),
	fasterThan("JarCookies/hosts=10/coatcheck", 5, "JarCookies/hosts=10/nethttp"),
	fasterThan("JarCookies/hosts=10000/coatcheck", 5, "JarCookies/hosts=10000/nethttp"),
	atMostTimes("JarCookies/hosts=10000/coatcheck", 1.3, "JarCookies/hosts=10/coatcheck"),
}

// anonymous allows a visitor without a cookie a little more than the handler alone takes.
var anonymous = goal{
	work:  "Anonymous/coatcheck",
	wants: "≤ 1.3 × bare + 300 ns at one processor, + 150 ns at two",
	unit:  " ns",
	measure: func(b *results.Build, procs int) (float64, bool, bool) {
		got, ok := b.Median(results.Row{Name: "Anonymous/coatcheck", Procs: procs}, results.Time)
		bare, there := b.Median(results.Row{Name: "Anonymous/bare", Procs: procs}, results.Time)
		return got, got <= 1.3*bare+300/float64(procs), ok && there
	},
}

func atMostTimes(work string, most float64, other string) goal {
	return partOf(work, most, other, results.Time)
}

// partOf wants no more than a multiple of what another takes.
func partOf(work string, most float64, other, unit string) goal {
	return goal{
		work: work, wants: fmt.Sprintf("≤ %g × %s of %s", most, unit, other), unit: " ×",
		measure: func(b *results.Build, procs int) (float64, bool, bool) {
			got, ok := ratio(b, work, other, procs, unit)
			return got, got <= most, ok
		},
	}
}

// atMostMore wants no more than so much beyond what another takes.
func atMostMore(work string, most float64, other, name, unit string) goal {
	return goal{
		work: work, wants: fmt.Sprintf("≤ %g %s more than %s", most, name, other), unit: " " + name + " more",
		measure: func(b *results.Build, procs int) (float64, bool, bool) {
			got, ok := b.Median(results.Row{Name: work, Procs: procs}, unit)
			than, there := b.Median(results.Row{Name: other, Procs: procs}, unit)
			return got - than, got-than <= most, ok && there
		},
	}
}

// fasterThan wants another to take at least so many times as long.
func fasterThan(work string, least float64, other string) goal {
	return goal{
		work: work, wants: fmt.Sprintf("≥ %g × faster than %s", least, other), unit: " × faster",
		measure: func(b *results.Build, procs int) (float64, bool, bool) {
			got, ok := ratio(b, other, work, procs, results.Time)
			return got, got >= least, ok
		},
	}
}

func atMost(work string, most float64, unit string) goal {
	return goal{
		work: work, wants: fmt.Sprintf("≤ %g %s", most, unit), unit: " " + unit,
		measure: func(b *results.Build, procs int) (float64, bool, bool) {
			got, ok := b.Median(results.Row{Name: work, Procs: procs}, unit)
			return got, got <= most, ok
		},
	}
}

// ratio returns what one benchmark takes for each unit of another, at the same number of processors.
func ratio(b *results.Build, one, other string, procs int, unit string) (float64, bool) {
	x, haveX := b.Median(results.Row{Name: one, Procs: procs}, unit)
	y, haveY := b.Median(results.Row{Name: other, Procs: procs}, unit)
	return x / y, haveX && haveY && y > 0
}
