package index

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// A Edge is one end of a time span in a query: a fixed time, or one that moves along with the clock, such as "2h". The
// zero value is no end.
type Edge struct {
	text  string
	at    time.Time     // of a fixed one
	shift time.Duration // of one that moves
}

// IsZero reports whether there is no such end.
func (m Edge) IsZero() bool { return m.text == "" }

// String returns what [ParseEdge] reads.
func (m Edge) String() string { return m.text }

// At returns the moment that is fixed.
func At(t time.Time) Edge {
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

const wantEdge = `write a time such as 2026-11-24, 2026-11-24T15:04 or 2026-11-24T15:04:05Z, all in UTC, or a ` +
	`distance from now such as 30m, 2h, 3d or 1w`

// ParseEdge reads a moment: RFC 3339, a date, a date and a time in UTC, or a distance from now with the unit s, m, h,
// d or w.
func ParseEdge(text string) (Edge, bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 40 {
		return Edge{}, false
	}
	if unit, ok := units[text[len(text)-1]]; ok {
		n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
		if err != nil || n > uint64(maxShift/unit) {
			return Edge{}, false
		}
		return Edge{text: text, shift: time.Duration(n) * unit}, true
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, text)
		if err == nil && t.Year() >= 1 && t.Year() <= 9999 {
			return Edge{text: text, at: t.UTC()}, true
		}
	}
	return Edge{}, false
}

// Ago returns when the moment is if it is now: one that moves along is before now.
func (m Edge) Ago(now time.Time) time.Time { return time.UnixMicro(m.on(now, false)).UTC() }

// on returns when the moment is if it is now, in microseconds since 1970. One that moves along is before now, or after
// it for the ends of sessions.
func (m Edge) on(now time.Time, ahead bool) int64 {
	switch {
	case m.shift == 0 && !m.at.IsZero():
		return m.at.UnixMicro()
	case ahead:
		return now.Add(m.shift).UnixMicro()
	}
	return now.Add(-m.shift).UnixMicro()
}

// A Span of time begins at After and is over at Before; either may be missing.
type Span struct{ After, Before Edge }

// IsZero reports whether the span has neither end.
func (s Span) IsZero() bool { return s == Span{} }

// within is a span in microseconds, from after on and before before.
type within struct{ after, before int64 }

const (
	always = int64(-1) << 62
	never  = int64(1) << 62
)

func (s Span) on(now time.Time, ahead bool) within {
	w := within{always, never}
	if !s.After.IsZero() {
		w.after = s.After.on(now, ahead)
	}
	if !s.Before.IsZero() {
		w.before = s.Before.on(now, ahead)
	}
	return w
}

func (w within) has(t time.Time) bool { us := t.UnixMicro(); return us >= w.after && us < w.before }

func (w within) open() bool { return cmp.Compare(w.after, always) == 0 && w.before == never }
