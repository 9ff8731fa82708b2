package console

import (
	"fmt"
	"time"
)

// A displayTime is a time as a page shows it.
type displayTime struct {
	Ago     string // in words
	Exact   string // for people, in UTC
	Machine string // for programs: RFC 3339
}

func newDisplayTime(t, now time.Time) displayTime {
	t = t.UTC()
	return displayTime{ago(t, now), t.Format("2 January 2006, 15:04:05 UTC"), t.Format(time.RFC3339)}
}

// ago says how long before now a time was, as coarsely as people do. The clocks of two machines differ a little, so the
// near future is now.
func ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d < 10*time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	case d < 14*24*time.Hour:
		return fmt.Sprintf("%d d ago", int(d.Hours()/24))
	}
	return t.Format("2 Jan 2006")
}

// inHowLong says in how much time something will be, as coarsely as people do.
func inHowLong(t, now time.Time) string {
	switch d := t.Sub(now); {
	case d < time.Minute:
		return "in a minute"
	case d < time.Hour:
		return fmt.Sprintf("in %d min", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("in %d h", int(d.Hours()))
	}
	return "on " + t.UTC().Format("2 Jan 2006")
}
