package client

import (
	"testing"
	"time"
)

// A clock that is set back makes nothing believed for longer.
func TestNothingIsBelievedBeforeItsTime(t *testing.T) {
	now := time.Now()
	var h feedHealth
	h.beat(now)
	var c cutoffs
	c.loaded(nil, now, 0)
	for after, want := range map[time.Duration]bool{0: true, beatBelieved: false, -time.Hour: false} {
		if h.good(now.Add(after)) != want {
			t.Errorf("%v after a beat the feed is whole: %v", after, !want)
		}
		if c.known(false, now.Add(after)) != want {
			t.Errorf("%v after the cut-offs were loaded they are known: %v", after, !want)
		}
	}
}
