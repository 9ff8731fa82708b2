package format

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"coatcheck.dev/cookie"
)

// dateLayouts are the shapes of times in files, beside RFC 3339: ISO 8601 as other programs write it, and without a
// zone, which counts as UTC.
var dateLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05 Z0700",
	"2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02",
	"2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05 -0700 MST",
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

// localDate finds the parts of a date as Windows and spreadsheets show it.
var localDate = regexp.MustCompile(
	`(?i)^(\d{1,4})([./-])(\d{1,2})[./-](\d{1,4})[ ,T]+(\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AP])M)?$`)

// readLocalDate reads a date as Windows and spreadsheets show it, such as 12/31/2026 02:15:00 PM. The order of day and
// month and the zone depend on the machine that wrote it, so the note says what the date is taken for: a month comes
// before the day if there are slashes and it can be one, and the zone is UTC.
func readLocalDate(text string) (t time.Time, note string, ok bool) {
	m := localDate.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return t, "", false
	}
	var n [8]int
	for i, part := range m {
		if i < len(n) {
			n[i], _ = strconv.Atoi(part) // nothing is 0
		}
	}
	year, month, day, hour := n[4], n[3], n[1], n[5]
	switch {
	case len(m[1]) == 4:
		year, day = n[1], n[4]
	case m[2] == "/" && n[1] <= 12:
		month, day = n[1], n[3]
	}
	if m[8] != "" && 1 <= hour && hour <= 12 {
		hour %= 12
		if strings.EqualFold(m[8], "P") {
			hour += 12
		}
	}
	t = time.Date(year, time.Month(month), day, hour, n[6], n[7], 0, time.UTC)
	if year < 1970 || month != int(t.Month()) || day != t.Day() || hour != t.Hour() || n[6] > 59 || n[7] > 59 {
		return time.Time{}, "", false
	}
	return t, fmt.Sprintf("its expiry says no zone, and is taken as %s UTC", t.Format(time.DateTime)), true
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
