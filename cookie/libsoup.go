package cookie

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseLibsoup is [Parse] as libsoup 3.2 has it, which keeps the cookies of WebKitGTK. A control character or a byte
// beyond ASCII ends the line where it stands, a tab inside as well. A name with a comma is none. There is no limit of
// size, no SameSite=None and no Partitioned, and of Max-Age and Expires the last one counts ([Parsed.ExpiryLibsoup]).
// Neither name nor value is a cookie as well, which is never sent.
func ParseLibsoup(line string) Parsed {
	p := Parsed{Raw: line}
	if len(line) > MaxLine {
		p.Reasons.Add(ExcludeFailureToStore)
		return p
	}
	s := soupScanner{rest: line}
	s.pair(&p)
	for s.next() {
		p.takeLibsoup(s.attribute())
	}
	return p
}

func (p *Parsed) takeLibsoup(key, value string, hasValue bool) {
	switch kind := kindOf(key); {
	case kind == secure:
		p.Secure = true
	case kind == httpOnly:
		p.HttpOnly = true
	case !hasValue:
	case kind == domain:
		p.HasDomain = value != ""
		p.Domain = lowerASCII(strings.TrimPrefix(value, "."))
	case kind == path:
		p.Path = ""
		if value != "" && value[0] == '/' {
			p.Path = value
		}
	case kind == sameSite:
		if policy := SameSite(indexFold(sameSiteNames[1:], value) + 1); policy != SameSiteUnset &&
			policy != SameSiteNone {
			p.SameSite = policy
		}
	}
}

// ExpiryLibsoup is [Parsed.Expiry] as libsoup has it: the last readable Max-Age, or Expires, wins. There is no longest
// lifetime. A Max-Age wraps at 32 bits, an empty one is 0, and -1 after that is a session cookie.
func (p *Parsed) ExpiryLibsoup(now time.Time) (at time.Time, persistent bool) {
	s := soupScanner{rest: p.Raw}
	s.pair(&Parsed{})
	for s.next() {
		key, value, hasValue := s.attribute()
		if !hasValue {
			continue
		}
		switch kindOf(key) {
		case expires:
			at, persistent = parseDateLibsoup(value)
		case maxAge:
			seconds, ok := soupMaxAge(value)
			switch {
			case !ok:
			case seconds == -1:
				at, persistent = time.Time{}, false
			case seconds <= 0:
				at, persistent = now, true
			default:
				at, persistent = now.Add(time.Duration(seconds)*time.Second), true
			}
		}
	}
	return at, persistent
}

// soupMaxAge reads a number as C's strtol, and keeps its last 32 bits.
func soupMaxAge(value string) (seconds int32, ok bool) {
	if value == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		digits := strings.TrimLeft(value, "+-")
		if _, count := leadingNumber(digits); count == 0 || count != len(digits) || len(value)-len(digits) > 1 {
			return 0, false
		}
		n = math.MaxInt64
		if value[0] == '-' {
			n = 0
		}
	}
	return int32(max(n, 0)), true
}

// A soupScanner reads a line as libsoup does.
type soupScanner struct{ rest string }

func isSoupSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

func endsSoupValue(c byte) bool { return c < ' ' || c >= 0x80 || c == ';' }

func endsSoupName(c byte) bool { return endsSoupValue(c) || c == ',' || c == '=' }

// token returns what stands before the first byte that ends it, without the spaces around it.
func (s *soupScanner) token(ends func(byte) bool) string {
	for s.rest != "" && isSoupSpace(s.rest[0]) {
		s.rest = s.rest[1:]
	}
	n := 0
	for n < len(s.rest) && !ends(s.rest[n]) {
		n++
	}
	token := s.rest[:n]
	s.rest = s.rest[n:]
	for token != "" && isSoupSpace(token[len(token)-1]) {
		token = token[:len(token)-1]
	}
	return token
}

func (s *soupScanner) value() string {
	s.rest = strings.TrimPrefix(s.rest, "=")
	return s.token(endsSoupValue)
}

func (s *soupScanner) pair(p *Parsed) {
	start := *s
	name := s.token(endsSoupName)
	if byteAt(s.rest, 0) == '=' {
		p.Name = name
	} else {
		s.rest = strings.TrimLeft(start.rest, " \t\n\v\f\r")
	}
	p.Value = s.value()
}

// next goes to the next attribute.
func (s *soupScanner) next() bool {
	if byteAt(s.rest, 0) != ';' {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *soupScanner) attribute() (name, value string, hasValue bool) {
	name = s.token(endsSoupName)
	if byteAt(s.rest, 0) != '=' {
		return name, "", false
	}
	return name, s.value(), true
}

// parseDateLibsoup reads the three forms of an HTTP date, and little else.
func parseDateLibsoup(s string) (t time.Time, ok bool) {
	s = strings.TrimLeft(s, " \t")
	skipLetters := func() { s = strings.TrimLeft(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") }
	number := func() (n, digits int) {
		s = strings.TrimLeft(s, " ")
		n, digits = leadingNumber(s)
		s = s[digits:]
		return n, digits
	}
	gap := func() { s = strings.TrimLeft(s, " -") }
	if s != "" && isLetter(s[0]) {
		skipLetters()
		s = strings.TrimLeft(strings.TrimPrefix(s, ","), " \t")
	}
	var day, month, year, d int
	readDay := func() bool { day, d = number(); gap(); return d > 0 }
	readMonth := func() bool {
		if month = parseMonth(s); month != 0 && s[:3] != time.Month(month).String()[:3] {
			month = 0 // case counts
		}
		if month != 0 {
			s = s[3:]
			gap()
		}
		return month != 0
	}
	readYear := func() bool {
		year, d = number()
		switch {
		case d == 2 && year < 70:
			year += 2000
		case d == 2 || d == 3:
			year += 1900
		}
		gap()
		return d > 0
	}
	var clock [3]int
	readTime := func() bool {
		for i := range clock {
			if clock[i], d = number(); d == 0 || i < 2 && byteAt(s, 0) != ':' {
				return false
			}
			if i < 2 {
				s = s[1:]
			}
		}
		gap := strings.TrimLeft(s, " ")
		s = gap
		return true
	}
	if s != "" && isLetter(s[0]) {
		ok = readMonth() && readDay() && readTime() && readYear()
	} else {
		ok = readDay() && readMonth() && readYear() && readTime()
	}
	if !ok || year < 1 || year > 9999 || clock[0] > 23 || clock[1] > 59 || clock[2] > 59 {
		return time.Time{}, false
	}
	t = time.Date(year, time.Month(month), day, clock[0], clock[1], clock[2], 0, time.UTC)
	return t.Add(-time.Duration(soupZone(s)) * time.Minute), t.Day() == day
}

// soupZone reads a zone: minutes east of Greenwich.
func soupZone(s string) int {
	if s == "" {
		return 0
	}
	if s[0] == '+' || s[0] == '-' {
		n, digits := leadingNumber(s[1:])
		colon := 0
		if byteAt(s, 1+digits) == ':' {
			colon, _ = leadingNumber(s[2+digits:])
		} else {
			n, colon = n/100, n%100
		}
		if n = n*60 + colon; s[0] == '-' {
			n = -n
		}
		return n
	}
	if len(s) >= 3 && strings.IndexByte("ECMP", s[0]) >= 0 && (s[1] == 'D' || s[1] == 'S') && s[2] == 'T' {
		n := -60 * (5 + strings.IndexByte("ECMP", s[0]))
		if s[1] == 'D' {
			n += 60
		}
		return n
	}
	return 0
}
