package near

import "time"

// A moment is a time on two clocks. The one that can be set may be set back, and the other one stands still while the
// machine sleeps.
type moment struct {
	wall int64 // nanoseconds since 1970
	mono int64 // nanoseconds since the cache was made
}

func (c *cache) now() moment { return c.at(time.Now()) }

func (c *cache) at(t time.Time) moment { return moment{t.UnixNano(), int64(t.Sub(c.began))} }

// within reports whether no more than d has passed since the moment, on either clock.
func (m moment) within(d time.Duration, now moment) bool {
	return now.wall-m.wall <= int64(d) && now.mono-m.mono <= int64(d)
}

// before returns the moment that was d ago.
func (m moment) before(d time.Duration) moment { return moment{m.wall - int64(d), m.mono - int64(d)} }

func (m moment) micro() int64 { return m.wall / 1000 }
