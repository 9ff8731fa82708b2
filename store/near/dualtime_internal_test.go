package near

import (
	"testing"
	"time"
)

// A lease is over when it is on either clock: the monotonic one stands still while the machine sleeps, and the other
// one can be set back.
func TestDualTimeIsOverOnEitherClock(t *testing.T) {
	const lease = 5 * time.Second
	then := dualTime{wall: int64(time.Hour), mono: int64(time.Minute)}
	after := func(wall, mono time.Duration) dualTime {
		return dualTime{then.wall + int64(wall), then.mono + int64(mono)}
	}
	for _, c := range []struct {
		name       string
		wall, mono time.Duration
		within     bool
	}{
		{"at once", 0, 0, true},
		{"at the end", lease, lease, true},
		{"after it", lease + 1, lease + 1, false},
		{"after a night's sleep", 8 * time.Hour, time.Second, false},
		{"the clock was set forward", 24 * time.Hour, time.Second, false},
		{"the clock was set back, in time", -24 * time.Hour, time.Second, true},
		{"the clock was set back, too late", -24 * time.Hour, lease + 1, false},
	} {
		if got := then.within(lease, after(c.wall, c.mono)); got != c.within {
			t.Errorf("%s: %v, want %v", c.name, got, c.within)
		}
	}
}
