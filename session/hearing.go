package session

import (
	"math"
	"sync/atomic"
	"time"
)

// hearing is how long the store's feed is believed: without end within one process, and across a network until some time
// after its last beat. The zero value is a store without a feed.
type hearing struct {
	until atomic.Int64 // nanoseconds since 1970
}

// beatBelieved is how long a feed counts as whole after the moment that a beat vouches for: as long as switches are good
// without any feed, so that a feed that has died in silence delays nothing longer than none would.
const beatBelieved = switchesAge

func (h *hearing) always() { h.until.Store(math.MaxInt64) }

// lost takes note that the feed is interrupted. It returns the moment that the last beat vouches for, zero if there was none.
func (h *hearing) lost() (heard time.Time) {
	if until := h.until.Swap(0); until != 0 && until != math.MaxInt64 {
		heard = time.Unix(0, until).Add(-beatBelieved)
	}
	return heard
}

// beat takes note of a beat, and reports whether the feed was lost before.
func (h *hearing) beat(at time.Time) (wasLost bool) {
	return h.until.Swap(at.Add(beatBelieved).UnixNano()) == 0
}

// good reports whether the feed would have told of whatever happened until now, but for a moment.
func (h *hearing) good(now time.Time) bool { return now.UnixNano() < h.until.Load() }

// canBreak reports whether the feed has to be watched.
func (h *hearing) canBreak() bool { return h.until.Load() != math.MaxInt64 }
