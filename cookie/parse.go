package cookie

import (
	"strconv"
	"strings"
	"time"
)

// MaxLine is the size in bytes of the longest line for [Parse]. Chromium accepts no longer header either.
const MaxLine = 256 << 10

// Parsed is a Set-Cookie line as a browser reads it. It does not depend on the request: the jar judges
// that. All strings are parts of Raw.
type Parsed struct {
	// Raw is the line, byte by byte.
	Raw string
	// Name and Value are as written, without the spaces and tabs around them. A line without '=' has no name.
	Name, Value string
	// Path is the last Path attribute if it begins with '/'. Otherwise it is "", and the default path of the URL holds.
	Path string
	// Domain is the last Domain attribute, in lower case, without one leading dot. "" with HasDomain is a lone dot,
	// forbidden to every host.
	Domain string
	// HasDomain reports whether the last Domain attribute had a value.
	HasDomain bool

	Secure, HttpOnly, Partitioned bool

	// SameSite is the last SameSite attribute. An unknown one counts as SameSiteUnset.
	SameSite SameSite
	// Priority is the last Priority attribute. An unknown one counts as PriorityUnset.
	Priority Priority

	// Reasons are the exclusions and warnings for every request.
	Reasons Reasons

	maxAge, lastMaxAge string // the last valid Max-Age, and the last one
	expires            string // the last Expires, valid or not, because dates are parsed on demand
	moreExpires        bool   // there were others before
}

// Parse reads the value of one Set-Cookie header by RFC 6265bis section 5.6, or by web-platform-tests where they decide
// otherwise. It does not fail: the reasons for a browser to drop the cookie are in Reasons. It allocates only to put a
// Domain into lower case.
func Parse(line string) Parsed {
	p := Parsed{Raw: line}
	if len(line) > MaxLine {
		p.Reasons.Add(ExcludeFailureToStore)
		return p
	}
	pair, rest := cutSegment(line)
	name, value := cutPair(pair)
	p.Name, p.Value = trimRight(name), trimLeft(value)
	if p.Name == "" && p.Value == "" {
		p.Reasons.Add(ExcludeNoCookieContent)
	}
	if hasControl(line) {
		p.Reasons.Add(ExcludeDisallowedCharacter)
	}
	if len(p.Name)+len(p.Value) > MaxNameValue {
		p.Reasons.Add(ExcludeNameValuePairExceedsMaxSize)
	}
	for rest != "" {
		var segment string
		segment, rest = cutSegment(rest)
		p.take(cutAttribute(segment))
	}
	if p.HasDomain && nonASCII(p.Domain) >= 0 {
		p.Reasons.Add(ExcludeDomainNonASCII)
	}
	return p
}

// take applies one attribute: of several with the same name the last valid one holds.
func (p *Parsed) take(key, value string) {
	kind := kindOf(key)
	if kind == unknown {
		return
	}
	if len(value) > MaxAttributeValue {
		p.Reasons.Add(WarnAttributeValueExceedsMaxSize)
		return
	}
	switch kind {
	case expires:
		p.moreExpires = p.moreExpires || p.expires != ""
		p.expires = value
	case maxAge:
		p.lastMaxAge = value
		if isMaxAge(value) {
			p.maxAge = value
		}
	case domain:
		p.HasDomain = value != ""
		p.Domain = lowerASCII(strings.TrimPrefix(value, "."))
	case path:
		p.Path = ""
		if value != "" && value[0] == '/' {
			p.Path = value
		}
	case secure:
		p.Secure = true
	case httpOnly:
		p.HttpOnly = true
	case sameSite:
		p.SameSite = SameSite(indexFold(sameSiteNames[1:], value) + 1)
	case partitioned:
		p.Partitioned = true
	case priority:
		p.Priority = Priority(indexFold(priorityNames[1:], value) + 1)
	}
}

// kind is a known attribute.
type kind uint8

const (
	unknown kind = iota
	expires
	maxAge
	domain
	path
	secure
	httpOnly
	sameSite
	partitioned
	priority
	numKinds
)

// kindOf looks at the length first, because most attributes have one of their own.
func kindOf(key string) kind {
	k, name := unknown, ""
	switch len(key) {
	case 4:
		k, name = path, "path"
	case 6:
		k, name = domain, "domain"
		if lower(key[0]) == 's' {
			k, name = secure, "secure"
		}
	case 7:
		k, name = expires, "expires"
		if lower(key[0]) == 'm' {
			k, name = maxAge, "max-age"
		}
	case 8:
		switch lower(key[0]) {
		case 'h':
			k, name = httpOnly, "httponly"
		case 's':
			k, name = sameSite, "samesite"
		case 'p':
			k, name = priority, "priority"
		}
	case 11:
		k, name = partitioned, "partitioned"
	}
	if !equalFold(key, name) {
		return unknown
	}
	return k
}

func indexFold(names []string, s string) int {
	for i, name := range names {
		if equalFold(name, s) {
			return i
		}
	}
	return -1
}

// isMaxAge: "-"? 1*DIGIT
func isMaxAge(s string) bool {
	s = strings.TrimPrefix(s, "-")
	_, digits := leadingNumber(s)
	return digits > 0 && digits == len(s)
}

// Expiry returns the end of the cookie if it was received at the time now. It is not persistent if it is a session
// cookie. Max-Age wins over Expires. A lifetime over [MaxLifetime] is cut to it. The end of a deletion is not after
// now.
func (p *Parsed) Expiry(now time.Time) (at time.Time, persistent bool) {
	if p.maxAge != "" {
		return maxAgeExpiry(p.maxAge, now), true
	}
	if p.expires == "" {
		return time.Time{}, false
	}
	at, ok := ParseDate(p.expires)
	if !ok && p.moreExpires {
		at, ok = p.earlierExpires()
	}
	return capExpiry(at, now), ok
}

// ExpiryChromium is [Parsed.Expiry] as Chromium has it. Of several Max-Age or Expires attributes the last one counts,
// even if it is invalid. Max-Age may have a plus sign, and anything may follow digits that overflow 64 bits. Dates
// are read by [ParseDateChromium].
func (p *Parsed) ExpiryChromium(now time.Time) (at time.Time, persistent bool) {
	digits := strings.TrimPrefix(p.lastMaxAge, "+")
	if digits == p.lastMaxAge {
		digits = strings.TrimPrefix(digits, "-")
	}
	if isMaxAge(digits) && digits[0] != '-' || overflows(digits) {
		if p.lastMaxAge[0] == '-' {
			return now, true
		}
		return maxAgeExpiry(digits, now), true
	}
	at, ok := ParseDateChromium(p.expires)
	return capExpiry(at, now), ok
}

// ExpiryFirefox is [Parsed.Expiry] as Firefox has it. Of several Max-Age or Expires attributes the last one counts,
// even if it is invalid; any Max-Age with a minus sign deletes. Dates are read by [ParseDateFirefox].
func (p *Parsed) ExpiryFirefox(now time.Time) (at time.Time, persistent bool) {
	if strings.HasPrefix(p.lastMaxAge, "-") {
		return now, true
	}
	if isMaxAge(p.lastMaxAge) {
		return maxAgeExpiry(p.lastMaxAge, now), true
	}
	at, ok := ParseDateFirefox(p.expires)
	return capExpiry(at, now), ok
}

// Valueless reports whether there is no '=' to end a name. The standard takes such a line for a value without a name,
// and Firefox for a name without a value.
func (p *Parsed) Valueless() bool {
	pair, _, _ := strings.Cut(p.Raw, ";")
	return strings.IndexByte(pair, '=') < 0
}

// overflows reports whether s begins with a number too large for 64 bits.
func overflows(s string) bool {
	_, n := leadingNumber(s)
	_, err := strconv.ParseInt(s[:n], 10, 64)
	return n > 0 && err != nil
}

func maxAgeExpiry(maxAge string, now time.Time) time.Time {
	if maxAge[0] == '-' {
		return now
	}
	seconds, _ := leadingNumber(maxAge)
	return now.Add(min(time.Duration(seconds)*time.Second, MaxLifetime))
}

func capExpiry(at, now time.Time) time.Time {
	if latest := now.Add(MaxLifetime); at.After(latest) {
		return latest
	}
	return at
}

// earlierExpires returns the last valid Expires, however many invalid ones follow.
func (p *Parsed) earlierExpires() (at time.Time, ok bool) {
	_, rest := cutSegment(p.Raw)
	for rest != "" {
		var segment string
		segment, rest = cutSegment(rest)
		key, value := cutAttribute(segment)
		if kindOf(key) != expires || len(value) > MaxAttributeValue {
			continue
		}
		if t, valid := ParseDate(value); valid {
			at, ok = t, true
		}
	}
	return at, ok
}

// Cookie returns the cookie for writing again, as a browser would keep it at the time now: with the valid attributes
// only, with the lifetime capped and the Domain in lower case. An expired cookie becomes a deletion.
func (p *Parsed) Cookie(now time.Time) Cookie {
	c := Cookie{
		Name: p.Name, Value: p.Value, Path: p.Path, Domain: p.Domain,
		Secure: p.Secure, HttpOnly: p.HttpOnly, SameSite: p.SameSite, Partitioned: p.Partitioned, Priority: p.Priority,
	}
	at, persistent := p.Expiry(now)
	switch {
	case !persistent:
	case !at.After(now):
		return *c.Deletion()
	case p.maxAge != "":
		c.MaxAge = at.Sub(now)
	default:
		c.Expires = at
	}
	return c
}

// InnerTab reports whether there is a tab inside the name, the value, or the name or value of an attribute. The
// standard allows it; Chromium drops the cookie.
func (p *Parsed) InnerTab() bool {
	if strings.IndexByte(p.Raw, '\t') < 0 {
		return false
	}
	for a := range p.segments() {
		if strings.IndexByte(a.Name, '\t') >= 0 || strings.IndexByte(a.Value, '\t') >= 0 {
			return true
		}
	}
	return strings.IndexByte(p.Name, '\t') >= 0 || strings.IndexByte(p.Value, '\t') >= 0
}

// cutSegment returns the part before the first ';', trimmed, and the rest after it.
func cutSegment(s string) (segment, rest string) {
	if i := strings.IndexByte(s, ';'); i >= 0 {
		return trim(s[:i]), s[i+1:]
	}
	return trim(s), ""
}

// cutAttribute splits an attribute at its first '=' into trimmed parts.
func cutAttribute(segment string) (key, value string) {
	if i := strings.IndexByte(segment, '='); i >= 0 {
		return trimRight(segment[:i]), trimLeft(segment[i+1:])
	}
	return segment, ""
}

func lowerASCII(s string) string {
	for i := range len(s) {
		if s[i] != lower(s[i]) {
			b := []byte(s)
			for j := range b {
				b[j] = lower(b[j])
			}
			return string(b)
		}
	}
	return s
}

// hasControl reports whether s has a control character other than tab. It looks at eight bytes at a time, because every
// byte of every line passes here.
func hasControl(s string) bool {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		b := s[i : i+8]
		x := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		const each, high = 0x0101010101010101, 0x8080808080808080
		below := (x - each*' ') &^ x & high                       // a byte under 0x20, or a false alarm next to one
		del := ((x ^ each*0x7f) - each) &^ (x ^ each*0x7f) & high // a byte of 0x7f, likewise
		if below|del != 0 && firstControl(b) >= 0 {
			return true
		}
	}
	return firstControl(s[i:]) >= 0
}
