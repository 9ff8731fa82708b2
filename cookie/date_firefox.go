package cookie

import (
	"strings"
	"time"
)

// ParseDateFirefox is [ParseDate] as Firefox has it, which reads dates of mail and news as well. Zones count, by their
// offset or by one of a few names (GMT+0100, EST); a time need not be there, nor need seconds; 6/16/95 and 95-06-16 are
// dates; and February 30 is March 1 or 2.
func ParseDateFirefox(s string) (t time.Time, ok bool) {
	d := mailDate{rest: s, hour: -1, day: -1, year: -1}
	for d.rest != "" {
		d.token()
		d.skip()
	}
	if !d.hasMonth || d.day < 0 || d.year < 0 {
		return time.Time{}, false
	}
	t = time.Date(d.year, time.Month(d.month), d.day, max(d.hour, 0), d.minute, d.second, 0, time.UTC)
	return t.Add(-time.Duration(d.zone.minutes) * time.Minute), true
}

// A mailDate has the parts found so far; those below 0 were not.
type mailDate struct {
	rest string // unread
	last byte   // before rest

	hour, minute, second int
	day, month, year     int
	hasMonth             bool
	zone                 struct {
		known, name, offset bool // any, one with a name other than GMT, one with digits
		minutes             int  // east of Greenwich
	}
}

// zones are the names that count, in minutes east of Greenwich.
var zones = map[string]int{
	"pst": -480, "pdt": -420, "mst": -420, "mdt": -360, "cst": -360, "cdt": -300, "est": -300, "edt": -240, "ast": -240,
	"nst": -210, "gmt": 0, "bst": 60, "met": 60, "eet": 120, "jst": 540,
}

// token reads what it can of the next token. The rest of it is skipped, whatever it is.
func (d *mailDate) token() {
	switch c := d.rest[0]; {
	case '0' <= c && c <= '9':
		d.number()
	case c == '+' || c == '-':
		d.advance(1)
		d.offset(c)
	case isLetter(c):
		d.word()
	}
}

func (d *mailDate) advance(n int) {
	if n > 0 {
		d.last = d.rest[n-1]
		d.rest = d.rest[n:]
	}
}

// skip goes to the next token. A dash opens one only before a digit, where it can be the sign of a zone.
func (d *mailDate) skip() {
	n := 0
	for n < len(d.rest) && strings.IndexByte(" \t,;-+/()[]", d.rest[n]) < 0 {
		n++
	}
	d.advance(n)
	for d.rest != "" {
		switch c := d.rest[0]; {
		case strings.IndexByte(" \t,;/()[]", c) >= 0:
		case c != '-':
			return
		case !(isLetter(d.last) && d.year < 0) && len(d.rest) > 1 && isDigit(d.rest[1]):
			return
		}
		d.advance(1)
	}
}

// word reads the name of a month or a zone.
func (d *mailDate) word() {
	if len(d.rest) >= 2 && !d.zone.known && equalFold(d.rest[:2], "ut") && (len(d.rest) == 2 || !isLetter(d.rest[2])) {
		d.zone.known = true
		return
	}
	if len(d.rest) < 3 {
		return
	}
	if m := parseMonth(d.rest); m != 0 {
		if !d.hasMonth {
			d.month, d.hasMonth = m, true
		}
		return
	}
	name := lowerASCII(d.rest[:3])
	if minutes, ok := zones[name]; ok && !d.zone.known {
		d.zone.known, d.zone.name, d.zone.minutes = true, name != "gmt", minutes
	}
}

// offset reads the digits of a zone: hours, or hours and minutes.
func (d *mailDate) offset(sign byte) {
	if d.zone.offset || d.zone.name {
		return
	}
	n, digits := leadingNumber(d.rest)
	switch digits {
	case 1, 2:
		n *= 60
	case 4:
		n = n/100*60 + n%100
	default:
		return
	}
	if sign == '-' {
		n = -n
	}
	d.zone.known, d.zone.offset, d.zone.minutes = true, true, n
}

// number reads a time, a date of three numbers, a year or a day of the month.
func (d *mailDate) number() {
	n, digits := leadingNumber(d.rest)
	next, after := byteAt(d.rest, digits), byteAt(d.rest, digits+1)
	switch {
	case next == ':':
		if d.hour < 0 && digits <= 2 {
			d.time()
		}
	case (next == '/' || next == '-') && isDigit(after):
		if !d.hasMonth {
			d.numbers()
		}
	case isLetter(next):
	case digits == 4 || digits == 5:
		if d.year < 0 && n <= 32767 {
			d.year = n
		}
	case digits <= 2 && d.day < 0 && n < 32:
		d.day = n
	case digits == 2 && d.year < 0:
		d.year = fullYear(n)
	}
}

// time reads 15:04 or 15:04:05, and whether it is am or pm.
func (d *mailDate) time() {
	var field [3]int
	rest := d.rest
	for i := range field {
		n, digits := leadingNumber(rest)
		if digits > 2 || digits == 0 && i < 2 {
			return
		}
		field[i], rest = n, rest[digits:]
		if byteAt(rest, 0) != ':' {
			break
		}
		if i < 2 {
			rest = rest[1:]
		}
	}
	d.hour, d.minute, d.second = field[0], field[1], field[2]
	d.advance(len(d.rest) - len(rest))
	half := strings.TrimLeft(rest, " \t")
	if d.hour > 12 || len(half) < 2 || lower(half[1]) != 'm' {
		return
	}
	switch lower(half[0]) {
	case 'p':
		d.hour = d.hour%12 + 12
	case 'a':
		d.hour %= 12
	}
}

// numbers reads month, day and year, or day, month and year, or year, month and day, whichever is possible.
func (d *mailDate) numbers() {
	var n [3]int
	rest := d.rest
	for i := range n {
		digits := 0
		n[i], digits = leadingNumber(rest)
		rest = rest[digits:]
		separator := byteAt(rest, 0)
		switch {
		case i == 2 && (digits == 0 || digits == 3 || digits > 5 || isLetter(separator)):
			return
		case i < 2 && (digits == 0 || digits > 2 || separator != '/' && separator != '-'):
			return
		case i < 2:
			rest = rest[1:]
		}
	}
	switch {
	case n[0] == 0 || n[0] > 31:
		if n[1] > 12 || n[2] > 31 {
			return
		}
		d.year, d.month, d.day = fullYear(n[0]), n[1], n[2]
	case n[0] > 12 && n[1] > 12:
		d.advance(len(d.rest) - len(rest))
		return
	case n[0] > 12:
		d.day, d.month, d.year = n[0], n[1], fullYear(n[2])
	default:
		d.month, d.day, d.year = n[0], n[1], fullYear(n[2])
	}
	d.hasMonth = true
	d.advance(len(d.rest) - len(rest))
}

func fullYear(n int) int {
	switch {
	case n < 70:
		return 2000 + n
	case n < 100:
		return 1900 + n
	}
	return n
}

// byteAt returns a byte of s, 0 behind its end.
func byteAt(s string, i int) byte {
	if i < len(s) {
		return s[i]
	}
	return 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
