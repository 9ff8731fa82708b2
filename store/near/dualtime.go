package near

import "time"

// A dualTime is a moment on two clocks. The wall clock may be set back, and the monotonic clock stands still while the
// machine sleeps.
type dualTime struct {
	wall int64 // nanoseconds since 1970
	mono int64 // nanoseconds since the cache was made
}

func (c *cache) now() dualTime { return c.at(time.Now()) }

func (c *cache) at(t time.Time) dualTime { return dualTime{t.UnixNano(), int64(t.Sub(c.start))} }

// within reports whether at most d has passed since t on both clocks.
func (t dualTime) within(d time.Duration, now dualTime) bool {
	return now.wall-t.wall <= int64(d) && now.mono-t.mono <= int64(d)
}

// before returns the moment d before t.
func (t dualTime) before(d time.Duration) dualTime {
	return dualTime{t.wall - int64(d), t.mono - int64(d)}
}
