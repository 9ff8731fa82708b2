// Package chromium plays what happens in a browser to a real Chromium and to a jar that follows it: the cookies that
// are stored, and the Cookie header of every request, must be equal.
//
// A sequence of four steps is drawn from a seed: navigations by the visitor, links and forms from other sites, reloads,
// chains of redirects, fetches, images, frames in frames, scripts that use document.cookie in either; at hosts that
// share a site or only look as if they did, among them public suffixes, localhost and addresses, by http and https;
// with Set-Cookie lines of all attributes, sound and not, at the limits of size, and with dates of many forms. Both
// begin each sequence without cookies.
//
// The seeds are logged. COATCHECK_SEED=17 plays the sequence of one seed alone, and tells its steps;
// COATCHECK_SEED=17-42 plays those of a range. COATCHECK_TORTURE=1 plays 2,000 sequences instead of 200.
//
// Differences that are known, each with the sentence of a standard that Chromium does not follow, are a list in
// known_test.go. Any other one is a mistake of the jar, or belongs there.
//
// Not drawn are requests from https pages to http ones, which Chromium does not make, and what takes hours: expiry, and
// limits of hundreds of cookies.
package chromium

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"coatcheck.dev/jar"
	"coatcheck.dev/test/internal/trial"
)

// seeds returns the first seed and how many there are.
func seeds(t *testing.T) (first, n uint64) {
	t.Helper()
	if text := os.Getenv("COATCHECK_SEED"); text != "" {
		from, to, several := strings.Cut(text, "-")
		if !several {
			to = from
		}
		first, err1 := strconv.ParseUint(from, 10, 64)
		last, err2 := strconv.ParseUint(to, 10, 64)
		if err := errors.Join(err1, err2); err != nil || last < first {
			t.Fatalf("COATCHECK_SEED=%s is neither a seed nor the first and the last one: %v", text, err)
		}
		return first, last - first + 1
	}
	return trial.Seed(t), uint64(trial.Times(200, 2000))
}

func TestDifferences(t *testing.T) {
	first, n := seeds(t)
	t.Logf("seeds %d to %d (COATCHECK_SEED)", first, first+n-1)
	chromium := newPlayer(t)
	sent, stored, excused := 0, 0, 0
	others := map[jar.Profile]int{jar.Firefox: 0, jar.Safari: 0}
	for seed := first; seed < first+n; seed++ {
		steps := sequence(seed)
		told := tell(steps)
		if played := seed - first; played > 0 && played%100 == 0 {
			chromium.Restart() // the more pages it has shown, the longer each takes
		}
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
	t.Logf("%d sequences: Chromium sent cookies %d times, and had stored %d in the end; %d have a known difference",
		n, sent, stored, excused)
	t.Logf("sequences that differ from Chromium for other profiles, of %d: %v", n, others)
	for profile, differ := range others {
		if n >= 100 && differ == 0 {
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
