// Package browsers plays what happens in a browser to a real Chromium, Firefox and WebKitGTK, and to a jar that
// follows each: the cookies that are stored, and the Cookie header of every request, must be equal.
//
// A sequence of four steps is drawn from a seed: navigations by the visitor, links and forms from other sites, reloads,
// chains of redirects, fetches, images, frames in frames, scripts that use document.cookie in either; at hosts that
// share a site or only look as if they did, among them public suffixes, localhost and addresses, by http and https;
// with Set-Cookie lines of all attributes, sound and not, at the limits of size, and with dates of many forms; from
// servers whose clock is wrong, and with Clear-Site-Data. Both begin each sequence without cookies.
//
// The seeds are logged. COATCHECK_SEED=17 plays the sequence of one seed alone, and tells its steps;
// COATCHECK_SEED=17-42 plays those of a range. COATCHECK_TORTURE=1 plays 2,000 sequences.
//
// Differences that are known, each with its reason, are a list for each browser in known_test.go. Any other one is a
// mistake of the jar, or belongs there.
//
// Not drawn are requests from https pages to http ones, which browsers do not make, and what takes hours: expiry, and
// limits of hundreds of cookies.
package browsers

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/trial"
)

// seeds returns the first seed and how many there are.
func seeds(t *testing.T, few int) (first, n uint64) {
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
	first, n = trial.Seed(t), uint64(trial.Times(few, 2000))
	t.Logf("seeds %d to %d (COATCHECK_SEED)", first, first+n-1)
	return first, n
}
