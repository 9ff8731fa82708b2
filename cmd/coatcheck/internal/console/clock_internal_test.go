package console

import (
	"testing"
	"time"
)

func TestAgo(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		-time.Hour:                "just now", // another machine's clock
		0:                         "just now",
		9999 * time.Millisecond:   "just now",
		10 * time.Second:          "10 s ago",
		59*time.Second + 999e6:    "59 s ago",
		time.Minute:               "1 min ago",
		time.Hour - time.Second:   "59 min ago",
		time.Hour:                 "1 h ago",
		day - time.Second:         "23 h ago",
		day:                       "1 d ago",
		14*day - time.Second:      "13 d ago",
		14 * day:                  "8 Nov 2026",
		365 * day:                 "22 Nov 2025",
		200 * 365 * day:           "10 Jan 1827",
		-(290 * 365 * day):        "just now",
		2*time.Minute + 59e9 + 99: "2 min ago",
	} {
		if got := ago(now.Add(-d), now); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestDisplayTimeIsInUTC(t *testing.T) {
	there := time.FixedZone("somewhere", 5*3600)
	m := newDisplayTime(time.Date(2026, 11, 22, 2, 30, 0, 0, there), time.Date(2026, 11, 21, 21, 33, 0, 0, time.UTC))
	if want := (displayTime{"3 min ago", "21 November 2026, 21:30:00 UTC", "2026-11-21T21:30:00Z"}); m != want {
		t.Errorf("got %+v, want %+v", m, want)
	}
}

func TestCountsAreForPeople(t *testing.T) {
	for n, want := range map[count]string{0: "0", 1: "1", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := n.String(); got != want {
			t.Errorf("%d is shown as %s, want %s", int(n), got, want)
		}
	}
}
