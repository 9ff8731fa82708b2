package cookie

import "time"

// ParseDate reads a date as browsers read the value of Expires (RFC 6265bis section 5.1.1). It takes the first time,
// day of the month, month and year that it finds. Everything else is ignored, even a zone: the time is UTC.
func ParseDate(s string) (t time.Time, ok bool) { return parseDate(s, false) }

// ParseDateChromium is [ParseDate] as Chromium has it: years of five digits and years before 1601 are dates as well.
func ParseDateChromium(s string) (t time.Time, ok bool) { return parseDate(s, true) }

func parseDate(s string, chromium bool) (t time.Time, ok bool) {
	var d date
	for i := 0; i < len(s); {
		if isDateDelimiter(s[i]) {
			i++
			continue
		}
		start := i
		for i < len(s) && !isDateDelimiter(s[i]) {
			i++
		}
		d.take(s[start:i], chromium)
	}
	return d.time(chromium)
}

// isDateDelimiter: %x09 / %x20-2F / %x3B-40 / %x5B-60 / %x7B-7E
func isDateDelimiter(c byte) bool {
	return c == '\t' || ' ' <= c && c <= '/' || ';' <= c && c <= '@' || '[' <= c && c <= '`' || '{' <= c && c <= '~'
}

// date has the parts found so far; month is 0 and the flags are false until then.
type date struct {
	hour, minute, second int
	day, month, year     int
	hasTime              bool
	hasDay, hasYear      bool
}

func (d *date) take(token string, chromium bool) {
	if !d.hasTime {
		if h, m, s, ok := parseTimeOfDay(token); ok {
			d.hour, d.minute, d.second, d.hasTime = h, m, s, true
			return
		}
	}
	n, digits := leadingNumber(token)
	if !d.hasDay && 1 <= digits && digits <= 2 {
		d.day, d.hasDay = n, true
		return
	}
	if d.month == 0 {
		if d.month = parseMonth(token); d.month != 0 {
			return
		}
	}
	most := 4
	if chromium {
		most = 5
	}
	if !d.hasYear && 2 <= digits && digits <= most {
		d.year, d.hasYear = n, true
	}
}

func (d *date) time(chromium bool) (t time.Time, ok bool) {
	if !d.hasTime || !d.hasDay || d.month == 0 || !d.hasYear {
		return time.Time{}, false
	}
	switch {
	case 70 <= d.year && d.year <= 99:
		d.year += 1900
	case d.year <= 69:
		d.year += 2000
	}
	if d.year < 1601 && !chromium || d.hour > 23 || d.minute > 59 || d.second > 59 {
		return time.Time{}, false
	}
	t = time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, d.second, 0, time.UTC)
	// There is no February 30, but time.Date makes March 1 or 2 of it.
	return t, t.Day() == d.day && int(t.Month()) == d.month
}

// parseTimeOfDay: 1*2DIGIT ":" 1*2DIGIT ":" 1*2DIGIT, not followed by a digit.
func parseTimeOfDay(token string) (hour, minute, second int, ok bool) {
	var field [3]int
	for i := range field {
		n, digits := leadingNumber(token)
		if digits < 1 || digits > 2 {
			return 0, 0, 0, false
		}
		field[i], token = n, token[digits:]
		if i == len(field)-1 {
			break
		}
		if token == "" || token[0] != ':' {
			return 0, 0, 0, false
		}
		token = token[1:]
	}
	return field[0], field[1], field[2], true
}

// leadingNumber returns the number at the beginning of s, and its digits. The number saturates.
func leadingNumber(s string) (n, digits int) {
	for digits < len(s) && '0' <= s[digits] && s[digits] <= '9' {
		n = min(n*10+int(s[digits]-'0'), 999_999_999)
		digits++
	}
	return n, digits
}

// parseMonth returns 1 to 12 if s begins like the English name of a month, without case, else 0.
func parseMonth(s string) int {
	if len(s) < 3 {
		return 0
	}
	const months = "janfebmaraprmayjunjulaugsepoctnovdec"
	for i := 0; i < len(months); i += 3 {
		if lower(s[0]) == months[i] && lower(s[1]) == months[i+1] && lower(s[2]) == months[i+2] {
			return i/3 + 1
		}
	}
	return 0
}
