package store

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Clock tells the time by which nodes compare the times of records: that of the store's server, as the beats of its
// feed tell it, or this machine's, if none does. The zero value is ready, and its methods may be called from any
// goroutine.
//
// Between two readings it goes by the monotonic clock, so that nobody moves it who sets a clock. A reading that
// contradicts the one before is doubted for ten minutes, unless there is a second witness: this machine's clock for a
// server's, and for the machine's own that it has slept.
type Clock struct {
	reading atomic.Pointer[reading]
	mu      sync.Mutex // held while the reading changes
}

// A reading says what time it was at a moment of the monotonic clock.
type reading struct {
	at      time.Time // by both clocks of this machine
	time    time.Time
	unix    int64         // the time, in nanoseconds since 1970
	settled bool          // it is this machine's time, and nothing contradicts it
	server  bool          // it is a server's time
	doubted time.Time     // since when something contradicts it; zero if nothing does
	running time.Duration // of the machine by then, with its sleep; 0 if that is not known
}

const (
	// MaxClockSkew is how far the clock of a machine may be off. Where it is more, sessions are neither swept nor
	// rotated.
	MaxClockSkew = time.Minute

	clockJump  = 5 * time.Second // more than a clock is put right by on a good day; less than any grace
	clockDoubt = 10 * time.Minute
)

// Time returns the time at which this machine's clock shows local, which is what [time.Now] has returned.
func (c *Clock) Time(local time.Time) time.Time {
	r := c.reading.Load()
	switch {
	case r == nil:
	case r.server:
		return r.until(local)
	case r.settled && (time.Duration(local.UnixNano()-r.unix)-local.Sub(r.at)).Abs() <= clockJump/2:
		return local
	}
	return c.ownTime(local)
}

// until returns the time at the moment local by the monotonic clock.
func (r *reading) until(local time.Time) time.Time { return r.time.Add(local.Sub(r.at)) }

// distance returns how far two clocks are apart. It looks at no monotonic reading.
func distance(a, b time.Time) time.Duration { return a.Round(0).Sub(b.Round(0)).Abs() }

// ownTime is Time where the machine's clock has no other to go by.
func (c *Clock) ownTime(local time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.reading.Load()
	fresh := &reading{
		at: local, time: local.Round(0), unix: local.UnixNano(), settled: true, running: running(),
	}
	switch {
	case r == nil:
	case r.server:
		return r.until(local)
	case distance(local, r.until(local)) <= clockJump, r.slept(fresh), r.doubtedFor(clockDoubt, local):
	default:
		c.doubt(r, local)
		return r.until(local)
	}
	c.reading.Store(fresh)
	return local
}

// slept reports whether the time between two readings has passed, however little of it the monotonic clock has seen.
func (r *reading) slept(fresh *reading) bool {
	return r.running > 0 && fresh.running > 0 &&
		(fresh.running-r.running-fresh.time.Sub(r.time)).Abs() <= clockJump
}

// running returns how long the machine has been running, with its sleep, where that can be asked.
func running() time.Duration {
	text, _ := os.ReadFile("/proc/uptime")
	seconds, _, _ := strings.Cut(string(text), " ")
	d, _ := time.ParseDuration(seconds + "s")
	return d
}

func (r *reading) doubtedFor(d time.Duration, local time.Time) bool {
	return !r.doubted.IsZero() && local.Sub(r.doubted) >= d
}

// doubt notes that something contradicts the reading since local. The caller holds c.mu.
func (c *Clock) doubt(r *reading, local time.Time) {
	if r.doubted.IsZero() {
		doubted := *r
		doubted.doubted, doubted.settled = local, false
		c.reading.Store(&doubted)
	}
}

// Hear takes a notice of a feed. If it tells the server's time, the clock goes by that from now on.
func (c *Clock) Hear(n Notice) {
	if n.Server.IsZero() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r, fresh := c.reading.Load(), &reading{at: n.At, time: n.Server, server: true}
	if r != nil && r.server {
		expected := r.until(n.At)
		fresh.time = nearest(expected, n)
		if distance(expected, fresh.time) > clockJump && distance(n.At, nearest(n.At, n)) > clockJump &&
			!r.doubtedFor(clockDoubt, n.At) {
			c.doubt(r, n.At)
			return
		}
	}
	c.reading.Store(fresh)
}

// nearest returns the time nearest to t that the server's clock may have shown at n.At. A slow answer, which says
// little, moves no clock by much.
func nearest(t time.Time, n Notice) time.Time {
	t = t.Round(0)
	switch low, high := n.Server.Add(-n.Within), n.Server.Add(n.Within); {
	case t.Before(low):
		return low
	case t.After(high):
		return high
	}
	return t
}

// Skew returns how far this machine's clock is ahead of the time when it shows local.
func (c *Clock) Skew(local time.Time) time.Duration {
	return local.Round(0).Sub(c.Time(local).Round(0))
}

// Doubted reports whether the clocks have contradicted each other a moment ago.
func (c *Clock) Doubted(local time.Time) bool {
	c.Time(local)
	return !c.reading.Load().doubted.IsZero()
}

// Check returns an error if nothing irrevocable is to be decided by the time, because the machine's clock is off by
// more than [MaxClockSkew], or clocks contradict each other.
func (c *Clock) Check(local time.Time) error {
	skew := c.Skew(local)
	switch {
	case skew > MaxClockSkew:
		return fmt.Errorf("store: this machine's clock is %v fast", skew.Round(time.Second))
	case skew < -MaxClockSkew:
		return fmt.Errorf("store: this machine's clock is %v slow", -skew.Round(time.Second))
	case c.Doubted(local):
		return errJump
	}
	return nil
}

var errJump = errors.New("store: a clock has been set, of this machine or of the store's server")
