// Package chromium plays what happens in a browser to a real Chromium and to a jar that follows it: the cookies that are
// stored, and the Cookie header of every request, must be equal.
//
// A sequence of four steps is drawn from a seed: navigations by the visitor, links and forms from other sites, redirects,
// fetches, frames in frames, scripts that use document.cookie in either; at hosts that share a site or only look as if they did,
// among them public suffixes, localhost and an address, by http and https; with Set-Cookie lines of all attributes, sound and
// not, at the limits of size, and with dates of many forms. Both begin each sequence without cookies.
//
// The seeds are logged. COATCHECK_SEED plays the sequence of one seed alone, and tells its steps. COATCHECK_TORTURE=1 plays 2,000
// sequences instead of 200.
//
// Differences that are known, each with the sentence of a standard that Chromium does not follow, are a list in known_test.go.
// Any other one is a mistake of the jar, or belongs there.
//
// Not drawn are hosts that are IPv6 addresses, requests from https pages to http ones, which Chromium does not make, and what
// takes hours: expiry, and limits of hundreds of cookies.
package chromium

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"coatcheck.dev/jar"
)

// seeds returns the first seed and how many follow.
func seeds(t *testing.T) (first uint64, n int) {
	t.Helper()
	if text := os.Getenv("COATCHECK_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("COATCHECK_SEED: %v", err)
		}
		return seed, 1
	}
	n = 200
	if os.Getenv("COATCHECK_TORTURE") != "" {
		n = 2000
	}
	return uint64(rand.Uint32()), n
}

func TestDifferences(t *testing.T) {
	first, n := seeds(t)
	t.Logf("seeds %d to %d (COATCHECK_SEED)", first, first+uint64(n)-1)
	chromium := newPlayer(t)
	sent, stored, excused := 0, 0, 0
	others := map[jar.Profile]int{jar.Firefox: 0, jar.Safari: 0}
	for seed := first; seed < first+uint64(n); seed++ {
		steps := sequence(seed)
		told := tell(steps)
		chromium.ClearCookies()
		var saw []seen
		for i, s := range steps {
			saw = append(saw, chromium.play(s, fmt.Sprint(seed, ".", i)))
			stored += len(saw[i].stored)
			for _, header := range saw[i].sent {
				if header != "" {
					sent++
				}
			}
		}
		if n == 1 {
			t.Log(told)
		}
		if step, d := compare(jar.Chrome, steps, saw); d != "" {
			if k := explained(steps[:step]); k != nil {
				t.Logf("seed %d: %s", seed, k.what)
				excused++
			} else {
				t.Errorf("seed %d: step %d: %s\n%s", seed, step, d, told)
			}
		}
		for profile := range others {
			if _, d := compare(profile, steps, saw); d != "" {
				others[profile]++
			}
		}
	}
	t.Logf("%d sequences: Chromium sent cookies %d times, and had stored %d after the steps; %d have a known difference", n, sent, stored, excused)
	t.Logf("sequences that differ from Chromium for other profiles, of %d: %v", n, others)
	for profile, differ := range others {
		if n > 1 && differ == 0 {
			t.Errorf("Chromium is never unlike %s: this test sees nothing", profile)
		}
	}
}

// compare plays to a jar what Chromium has been played, and tells the first difference and in which step it is, from 1.
func compare(profile jar.Profile, steps []step, saw []seen) (step int, what string) {
	j := jar.New(jar.Options{Profile: profile})
	for i, s := range steps {
		if d := difference(saw[i], imitate(j, s)); d != "" {
			return i + 1, d
		}
	}
	return 0, ""
}

func tell(steps []step) string {
	var b strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&b, "    %d. %s\n", i+1, s)
	}
	return b.String()
}
