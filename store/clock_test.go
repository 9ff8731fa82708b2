package store_test

import (
	"testing"
	"time"
	"unsafe"

	"coatcheck.dev/store"
)

// jumped returns a moment as a clock shows it that somebody has set: the monotonic clock knows nothing of it.
func jumped(t *testing.T, at time.Time, ahead time.Duration) time.Time {
	t.Helper()
	moved := at
	*(*uint64)(unsafe.Pointer(&moved)) += uint64(ahead/time.Second) << 30 // the wall's seconds
	if moved.Sub(at) != 0 || moved.Round(0).Sub(at.Round(0)) != ahead {
		t.Fatal("package time keeps its seconds elsewhere")
	}
	return moved
}

// A reading is what somebody asks a clock, d after the beginning: on a machine whose clock is ahead, perhaps just after
// a beat that tells the server's time.
type asked struct {
	after  time.Duration
	ahead  time.Duration // this machine's
	server time.Duration // the server's, or unheard
	within time.Duration // that the answer took, half of it
	want   time.Duration // that the time is ahead
	bad    bool          // nothing irrevocable is to be done
}

const (
	unheard = -1 << 62
	hour    = time.Hour
	minute  = time.Minute
	second  = time.Second
)

// Rows: I11
func TestClock(t *testing.T) {
	for name, all := range map[string][]asked{
		"nobody tells": {
			{0, 0, unheard, 0, 0, false}, {hour, 0, unheard, 0, 0, false},
		},
		"nobody tells, and it is set a little, again and again": {
			{0, 0, unheard, 0, 0, false}, {1 * hour, 2 * second, unheard, 0, 2 * second, false},
			{2 * hour, 5 * second, unheard, 0, 5 * second, false},
			{3 * hour, 9 * second, unheard, 0, 9 * second, false},
		},
		"nobody tells, and it is set forward and back": {
			{0, 0, unheard, 0, 0, false}, {minute, 2 * hour, unheard, 0, 0, true},
			{2 * minute, 2 * hour, unheard, 0, 0, true},
			{3 * minute, 0, unheard, 0, 0, false}, {20 * minute, 40 * second, unheard, 0, 0, true},
		},
		"nobody tells, and it is set back for good": {
			{0, 0, unheard, 0, 0, false}, {minute, -2 * hour, unheard, 0, 0, true},
			{10 * minute, -2 * hour, unheard, 0, 0, true}, {11 * minute, -2 * hour, unheard, 0, -2 * hour, false},
		},
		"a server tells": {
			{0, 40 * second, 0, 0, 0, false}, {second, 40 * second, unheard, 0, 0, false},
			{hour, 40 * second, 0, 0, 0, false},
		},
		"far ahead": {{0, 2 * hour, 0, 0, 0, true}, {hour, 2 * hour, 0, 0, 0, true}},
		"far behind, and set right": {
			{0, -2 * hour, 0, 0, 0, true}, {second, 0, unheard, 0, 0, false}, {2 * second, 0, 0, 0, 0, false},
		},
		"set before the server tells again": {
			{0, 0, 0, 0, 0, false}, {second, 2 * hour, unheard, 0, 0, true}, {2 * second, 2 * hour, 0, 0, 0, true},
		},
		"slow answers move nothing that they do not contradict": {
			{0, 0, 0, 0, 0, false}, {second, 0, 2 * second, 2 * second, 0, false},
			{2 * second, 0, 3 * second, second, 2 * second, false},
		},
		"the server's clock is set": {
			{0, 0, 0, 0, 0, false}, {minute, 0, 2 * hour, 0, 0, true}, {2 * minute, 0, 0, 0, 0, false},
			{3 * minute, 0, -2 * hour, 0, 0, true}, {13 * minute, 0, -2 * hour, 0, -2 * hour, true},
		},
		"the server's clock is set right, as this machine knows": {
			{0, 0, 2 * hour, 0, 2 * hour, true}, {minute, 0, 0, 0, 0, false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var c store.Clock
			began := time.Now()
			for _, a := range all {
				at := began.Add(a.after)
				local := jumped(t, at, a.ahead)
				if a.server != unheard {
					server := at.Round(0).Add(a.server)
					c.Hear(store.Notice{Kind: store.Beat, At: local, Server: server, Within: a.within})
				}
				if got := c.Time(local).Round(0).Sub(at.Round(0)); got != a.want {
					t.Errorf("after %v the time is %v ahead, want %v", a.after, got, a.want)
				}
				if got, want := c.Skew(local), a.ahead-a.want; got != want {
					t.Errorf("after %v the machine is %v ahead of it, want %v", a.after, got, want)
				}
				if err := c.Check(local); (err != nil) != a.bad {
					t.Errorf("after %v: %v", a.after, err)
				}
			}
		})
	}
}

// The server's time in the middle of the call is that of the middle, and it may have been anywhere in it.
func TestNewBeat(t *testing.T) {
	at := time.Now()
	n := store.NewBeat(at, at.Add(hour+2*second), at.Add(4*second))
	if n.Kind != store.Beat || n.At != at || !n.Server.Equal(at.Add(hour)) || n.Within != 2*second {
		t.Errorf("%+v", n)
	}
	if n := store.NewBeat(at, time.Time{}, at); !n.Server.IsZero() {
		t.Errorf("nobody has looked at the server's clock, and it shows %v", n.Server)
	}
}
