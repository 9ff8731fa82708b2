// Package trial says how hard tests try, and where they draw their chance from.
//
// make test comes to the same outcome on the same tree, as far as a test with many goroutines can: chance comes from
// the same seed each time. make torture sets COATCHECK_TORTURE: tests go on for hours, each time from another seed.
// Seeds are logged, and COATCHECK_SEED begins with one of them.
package trial

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Torture reports whether there is time for many rounds.
func Torture() bool { return os.Getenv("COATCHECK_TORTURE") != "" }

// Times is how often something is done: a few times, or many under torture.
func Times(few, many int) int {
	if Torture() {
		return many
	}
	return few
}

// Seed returns what a test draws its chance from. A test may count up from it.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := uint64(1)
	if Torture() {
		seed = rand.Uint64() >> 1
	}
	if text := os.Getenv("COATCHECK_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("COATCHECK_SEED: %v", err)
		}
	}
	t.Logf("COATCHECK_SEED=%d", seed)
	return seed
}

// Chance is a source of chance that begins with Seed.
func Chance(t testing.TB) *rand.Rand {
	t.Helper()
	return rand.New(rand.NewPCG(Seed(t), 0))
}
