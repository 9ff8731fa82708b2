package store

import (
	"runtime"
	"testing"
	"time"
)

// A machine that has slept is told from one whose clock was set.
func TestSlept(t *testing.T) {
	began := time.Now().Round(0)
	before := reading{time: began, running: time.Hour}
	for _, c := range []struct {
		wall, running time.Duration
		want          bool
	}{{2 * time.Hour, 3 * time.Hour, true}, {2 * time.Hour, time.Hour, false}, {0, 3 * time.Hour, false},
		{2 * time.Hour, 0, false}} {
		if got := before.slept(&reading{time: began.Add(c.wall), running: c.running}); got != c.want {
			t.Errorf("%v by the clock, running for %v: slept %v", c.wall, c.running, got)
		}
	}
	if runtime.GOOS == "linux" && running() <= 0 {
		t.Error("nobody knows how long the machine has been running")
	}
}
