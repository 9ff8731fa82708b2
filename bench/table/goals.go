package main

import "fmt"

// A goal is what a release has to hold, in the same run on the same machine.
type goal struct {
	work    string
	wants   string
	measure func(*results) (got float64, met, ok bool) // ok: all that it takes was measured
	unit    string
}

const (
	ns     = "ns/op"
	allocs = "allocs/op"
	room   = "B/session"
)

var goals = []goal{
	atMostTimes("SessionRead/coatcheck", 2.0, "SessionRead/limit"),
	fasterThan("SessionRead/coatcheck", 25, "SessionRead/scs"),
	atMost("SessionRead/coatcheck", 5, allocs),
	atMostTimes("SessionReadKey/coatcheck", 3.0, "SessionReadKey/limit"),
	atMost("SessionReadKey/coatcheck", 8, allocs),
	fasterThan("SessionWrite/coatcheck", 8, "SessionWrite/scs"),
	anonymous,
	atMost("Anonymous/coatcheck", 2, allocs),
	atMost("GarbageTicket/coatcheck", 1000, ns),
	fasterThan("DurableSignIn/coatcheck/64", 3, "DurableSignIn/scs/64"),
	partOf("MemoryPerSession/coatcheck/sessions=1000000", 0.5, "MemoryPerSession/scs/sessions=1000000", room),
	partOf("MemoryPerSession/coatcheck/sessions=1000000", 1.5, "MemoryPerSession/coatcheck/sessions=1000", ns),
	atMostTimes("RedisNearRead/coatcheck", 2.5, "RedisNearRead/limit"),
	fasterThan("RedisNearRead/coatcheck", 30, "RedisNearRead/scs"),
	atMostTimes("RedisMiss/coatcheck", 1.3, "RedisMiss/get"),
	atMostTimes("RedisWrite/coatcheck", 1.4, "RedisWrite/evalsha"),
	atMostTimes("PostgresMiss/coatcheck", 1.3, "PostgresMiss/select"),
	fasterThan("CookieLookup/coatcheck", 8, "CookieLookup/nethttp"),
	atMost("CookieLookup/coatcheck", 0, allocs),
	fasterThan("CookieAll/coatcheck", 8, "CookieAll/nethttp"),
	atMost("CookieAll/coatcheck", 0, allocs),
	fasterThan("SetCookieParse/coatcheck", 2, "SetCookieParse/nethttp"),
	fasterThan("JarCookies/hosts=10/coatcheck", 5, "JarCookies/hosts=10/nethttp"),
	fasterThan("JarCookies/hosts=10000/coatcheck", 5, "JarCookies/hosts=10000/nethttp"),
	partOf("JarCookies/hosts=10000/coatcheck", 1.3, "JarCookies/hosts=10/coatcheck", ns),
}

// anonymous allows a visitor without a cookie a little more than the handler alone takes.
var anonymous = goal{
	work:  "Anonymous/coatcheck",
	wants: "≤ 1.3 × bare + 150 ns",
	unit:  " ns",
	measure: func(r *results) (float64, bool, bool) {
		got, ok := r.median("Anonymous/coatcheck", ns)
		bare, there := r.median("Anonymous/bare", ns)
		return got, got <= 1.3*bare+150, ok && there
	},
}

func atMostTimes(work string, most float64, other string) goal { return partOf(work, most, other, ns) }

// partOf wants no more than a multiple of what another takes.
func partOf(work string, most float64, other, unit string) goal {
	return goal{
		work: work, wants: fmt.Sprintf("≤ %.1f × %s of %s", most, unit, other), unit: " ×",
		measure: func(r *results) (float64, bool, bool) {
			got, ok := r.ratio(work, other, unit)
			return got, got <= most, ok
		},
	}
}

// fasterThan wants another to take at least so many times as long.
func fasterThan(work string, least float64, other string) goal {
	return goal{
		work: work, wants: fmt.Sprintf("≥ %g × faster than %s", least, other), unit: " × faster",
		measure: func(r *results) (float64, bool, bool) {
			got, ok := r.ratio(other, work, ns)
			return got, got >= least, ok
		},
	}
}

func atMost(work string, most float64, unit string) goal {
	return goal{
		work: work, wants: fmt.Sprintf("≤ %g %s", most, unit), unit: " " + unit,
		measure: func(r *results) (float64, bool, bool) {
			got, ok := r.median(work, unit)
			return got, got <= most, ok
		},
	}
}

func (r *results) ratio(a, b, unit string) (float64, bool) {
	x, haveX := r.median(a, unit)
	y, haveY := r.median(b, unit)
	return x / y, haveX && haveY && y > 0
}
