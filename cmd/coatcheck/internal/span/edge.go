// Package span reads the moments between which sessions and what has happened to them are searched, and since which
// something is done: so a time is written the same in the console, in the session API and on the command line.
package span

import (
	"strconv"
	"strings"
	"time"
)

// An Edge is one end of a time span: a fixed time, or one that moves along with the clock, such as "2h". The zero value
// is no end. Edges can be compared with ==.
type Edge struct {
	text  string
	at    time.Time     // of a fixed one
	shift time.Duration // of one that moves
	back  bool          // it is before now in any case
}

// IsZero reports whether there is no such end.
func (m Edge) IsZero() bool { return m.text == "" }

// String returns what [Parse] reads.
func (m Edge) String() string { return m.text }

// At returns the moment that is fixed, and no end for the zero time.
func At(t time.Time) Edge {
	if t.IsZero() {
		return Edge{}
	}
	t = t.UTC().Truncate(time.Microsecond)
	return Edge{text: t.Format(time.RFC3339Nano), at: t}
}

// maxShift bounds how far away a moment is that moves along: no session is older than 400 days.
const maxShift = 10_000 * 24 * time.Hour

var units = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

// layouts are how people and forms write a fixed time. One without a zone is in UTC, as are all times on a page.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02",
	"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05",
}

// Want says what to write.
const Want = `write a time such as 2026-11-24, 2026-11-24T15:04 or 2026-11-24T15:04:05Z, all in UTC, or a ` +
	`distance from now such as 30m, 2h, 3d or 1w`

// Parse reads a moment: RFC 3339, a date, a date and a time in UTC, or a distance from now with the units s, m, h, d
// and w, such as "2h" or "1d12h". A minus before a distance says that it is ago, whatever else it would be.
func Parse(text string) (Edge, bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 40 {
		return Edge{}, false
	}
	distance, back := strings.CutPrefix(text, "-")
	if shift, ok := parseShift(distance); ok {
		return Edge{text: text, shift: shift, back: back}, true
	}
	if at := len(text) - len(" 02:00"); at > 0 && text[at] == ' ' && strings.Contains(text, "T") {
		text = text[:at] + "+" + text[at+1:] // a plus that nobody has escaped is a space in a URL
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, text)
		if err == nil && t.Year() >= 1 && t.Year() <= 9999 && !t.IsZero() {
			return Edge{text: text, at: t.UTC()}, true
		}
	}
	return Edge{}, false
}

// parseShift reads a distance. Each unit is there once at most, the greater before the smaller.
func parseShift(text string) (shift time.Duration, ok bool) {
	last := maxShift
	for text != "" {
		end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			return 0, false
		}
		unit := units[text[end]]
		n, err := strconv.ParseUint(text[:end], 10, 32)
		if err != nil || unit == 0 || unit >= last || n > uint64((maxShift-shift)/unit) {
			return 0, false
		}
		shift, last, text, ok = shift+time.Duration(n)*unit, unit, text[end+1:], true
	}
	return shift, ok
}

// Ago returns when the moment is if it is now: one that moves along is before now.
func (m Edge) Ago(now time.Time) time.Time { return m.on(now, -m.shift) }

// Ahead returns when the moment is if it is now: one that moves along is after now, unless it says that it is ago.
func (m Edge) Ahead(now time.Time) time.Time {
	if m.back {
		return m.on(now, -m.shift)
	}
	return m.on(now, m.shift)
}

func (m Edge) on(now time.Time, shift time.Duration) time.Time {
	if !m.at.IsZero() {
		return m.at
	}
	return now.Add(shift).Round(0).UTC()
}
