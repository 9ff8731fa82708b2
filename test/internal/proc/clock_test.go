package proc_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"coatcheck.dev/test/internal/proc"
)

// A clock that is set while a program runs is set for that program, and what it measures goes on.
func TestClock(t *testing.T) {
	clock := proc.NewClock(t)
	p := proc.Start(t, proc.Spec{
		Path: proc.BuildWithClock(t, "coatcheck.dev/test/internal/proc/testdata/clock"), Env: []string{clock.Env()},
	})
	for _, ahead := range []time.Duration{0, 2 * time.Hour, -40 * time.Second} {
		clock.Set(t, ahead)
		p.Await(regexp.MustCompile(fmt.Sprintf("^jumped %d$", int(ahead.Seconds()))))
	}
}
