package format

import (
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

// dateLayouts are the shapes of times in files, beside RFC 3339: ISO 8601 as other programs write it, and without a
// zone, which counts as UTC.
var dateLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05 Z0700", "2006-01-02 15:04:05",
	"2006-01-02T15:04Z07:00", "2006-01-02",
}

// readDate reads the expiry of a cookie as text: a date of any kind, or seconds since 1970. Nothing, "Session" and -1
// are the end of the session, for which the time is zero, as is a time without end.
func readDate(text string) (t time.Time, ok bool) {
	text = strings.TrimSpace(text)
	switch strings.ToLower(text) {
	case "", "session", "null", "none", "n/a", "never":
		return t, true
	case "infinity":
		return secondsTime(1e15), true
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds == seconds {
		if seconds <= 0 {
			return t, true
		}
		t, _ = numberTime(seconds)
		return t, true
	}
	if t, ok := readTime(text); ok {
		return t, true
	}
	t, ok = cookie.ParseDate(text)
	return t.UTC(), ok
}

// readTime reads a time of ISO 8601.
func readTime(text string) (t time.Time, ok bool) {
	if _, rest, long := cutLongYear(text); long {
		// Java's latest dates have more digits than package time reads. They are after every other one.
		if _, ok := readTime("2000" + rest); ok {
			return secondsTime(1e15), true
		}
		return t, false
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return t, false
}

// cutLongYear splits a date whose year has more than four digits.
func cutLongYear(text string) (year, rest string, ok bool) {
	digits := strings.TrimPrefix(text, "+")
	n := len(digits) - len(strings.TrimLeft(digits, "0123456789"))
	if n <= 4 || n == len(digits) || digits[n] != '-' {
		return "", text, false
	}
	return digits[:n], digits[n:], true
}
