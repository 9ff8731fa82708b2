package cookie

import (
	"strings"
	"time"
)

// Check returns an *[Error] if a browser would drop the cookie, or keep another one than was written:
//
//   - a Name or Value with control characters other than tab, with ';', or with spaces or tabs at an end; a Name with
//     '='; neither Name nor Value (RFC 6265bis section 5.6, steps 1 to 4)
//   - without a Name, a Value with a '=' or with the beginning of a prefixed name (section 5.7, step 22)
//   - a Name and Value of more than [MaxNameValue] bytes together, a Path or Domain of more than [MaxAttributeValue]
//   - a Path without a leading '/', with a trailing space or tab, or with ';', control or non-ASCII characters
//   - a Domain with a leading dot, or other than a host name in ASCII
//   - a MaxAge below one second or an Expires in the past: deletion is spelled Delete
//   - a lifetime of more than [MaxLifetime]
//   - a broken promise of a prefix: Secure for all; Path=/ and no Domain for __Host- and __Host-Http-; HttpOnly for
//     __Http- and __Host-Http-
//   - SameSite=None or Partitioned without Secure
//
// The request is unknown to Check: whether it came over https, and whether its host may set this Domain.
func (c *Cookie) Check() error { return c.check(time.Now()) }

func (c *Cookie) check(now time.Time) error {
	for _, part := range [...]func(*Cookie) error{
		(*Cookie).checkPair, (*Cookie).checkPath, (*Cookie).checkDomain, (*Cookie).checkFlags, (*Cookie).checkPrefix,
	} {
		if err := part(c); err != nil {
			return err
		}
	}
	return c.checkLifetime(now)
}

// The same remedies end several messages.
const (
	encodeValue   = "encode the value, for example as base64url"
	percentEncode = "percent-encode it"
	nameIt        = "give it a name"
	renew         = "use less, and set it again in time"
)

func (c *Cookie) checkPair() error {
	if i := badByte(c.Name, ";="); i >= 0 {
		return c.errorf(BadName, "name has byte %#02x at %d, which ends or invalidates it in browsers: "+
			"use letters, digits, '-' and '_'", c.Name[i], i)
	}
	if i := badByte(c.Value, ";"); i >= 0 {
		return c.errorf(BadValue, "value has byte %#02x at %d, which ends or invalidates it in browsers: %s",
			c.Value[i], i, encodeValue)
	}
	if trim(c.Name) != c.Name {
		return c.errorf(BadName, "name begins or ends with a space or tab, and browsers cut it off: remove it")
	}
	if trim(c.Value) != c.Value {
		return c.errorf(BadValue, "value begins or ends with a space or tab, and browsers cut it off: %s", encodeValue)
	}
	if n := len(c.Name) + len(c.Value); n > MaxNameValue {
		return c.errorf(TooLarge,
			"name and value have %d bytes, but browsers accept at most %d: keep the data on the server",
			n, MaxNameValue)
	}
	if c.Name != "" {
		return nil
	}
	switch {
	case c.Value == "":
		return c.errorf(BadName, "no name and no value: %s", nameIt)
	case strings.Contains(c.Value, "="):
		return c.errorf(BadValue, "value without a name has a '=', so part of it would come back as a name: %s", nameIt)
	case PrefixOf(c.Value) != NoPrefix:
		return c.errorf(BadValue, "value without a name begins like a prefixed name: %s", nameIt)
	}
	return nil
}

func (c *Cookie) checkPath() error {
	if c.Path == "" {
		return nil
	}
	if c.Path[0] != '/' {
		return c.errorf(BadPath,
			"Path %.64q does not begin with '/', and browsers replace it by the folder of the request: "+
				"begin with '/'", c.Path)
	}
	if i := badByte(c.Path, ";"); i >= 0 {
		return c.errorf(BadPath, "Path has byte %#02x at %d, which ends or invalidates it in browsers: %s",
			c.Path[i], i, percentEncode)
	}
	if i := nonASCII(c.Path); i >= 0 {
		return c.errorf(BadPath, "Path has byte %#02x at %d, and browsers drop the cookie: %s", c.Path[i], i,
			percentEncode)
	}
	if trimRight(c.Path) != c.Path {
		return c.errorf(BadPath, "Path ends with a space or tab, and browsers cut it off: %s", percentEncode)
	}
	if len(c.Path) > MaxAttributeValue {
		return c.errorf(TooLarge, "Path has %d bytes, and browsers ignore more than %d: use a shorter one",
			len(c.Path), MaxAttributeValue)
	}
	return nil
}

func (c *Cookie) checkDomain() error {
	if c.Domain == "" {
		return nil
	}
	if c.Domain[0] == '.' {
		return c.errorf(BadDomain, "Domain %.64q begins with a dot, and browsers ignore or refuse it: "+
			"remove it, because hosts below are included anyway", c.Domain)
	}
	if len(c.Domain) > 253 {
		return c.errorf(BadDomain, "Domain has %d bytes, but host names have at most 253: correct the name",
			len(c.Domain))
	}
	for label := range strings.SplitSeq(c.Domain, ".") {
		if label == "" || len(label) > 63 {
			return c.errorf(BadDomain, "Domain %.64q has a label of %d bytes, but those of host names have 1 to 63: "+
				"correct the name", c.Domain, len(label))
		}
	}
	for i := range len(c.Domain) {
		b := lower(c.Domain[i])
		if (b < 'a' || 'z' < b) && (b < '0' || '9' < b) && b != '.' && b != '-' && b != '_' {
			return c.errorf(BadDomain, "Domain has byte %#02x at %d, and no host name has that: "+
				"write it without port, in punycode", c.Domain[i], i)
		}
	}
	return nil
}

func (c *Cookie) checkFlags() error {
	switch {
	case int(c.SameSite) >= len(sameSiteNames):
		return c.errorf(BadSameSite, "SameSite is %d: use one of the constants", c.SameSite)
	case int(c.Priority) >= len(priorityNames):
		return c.errorf(BadPriority, "Priority is %d: use one of the constants", c.Priority)
	case c.SameSite == SameSiteNone && !c.Secure:
		return c.errorf(NeedsSecure, "SameSite=None without Secure, and browsers drop the cookie: set Secure")
	case c.Partitioned && !c.Secure:
		return c.errorf(NeedsSecure, "Partitioned without Secure, and browsers drop the cookie: set Secure")
	}
	return nil
}

func (c *Cookie) checkPrefix() error {
	p := PrefixOf(c.Name)
	switch {
	case p == NoPrefix:
		return nil
	case !c.Secure:
		return c.errorf(BadPrefix, "a name with the prefix %s needs Secure: set it, or use a name without a prefix", p)
	case p.HostOnly() && c.Domain != "":
		return c.errorf(BadPrefix,
			"a name with the prefix %s allows no Domain: remove it, or use the prefix __Secure-", p)
	case p.HostOnly() && c.Path != "/":
		return c.errorf(BadPrefix, "a name with the prefix %s needs Path=/: set it, or use the prefix __Secure-", p)
	case p.HTTPOnly() && !c.HttpOnly:
		return c.errorf(BadPrefix, "a name with the prefix %s needs HttpOnly: set it, or use a name without Http", p)
	}
	return nil
}

func (c *Cookie) checkLifetime(now time.Time) error {
	switch {
	case c.Delete && (c.Value != "" || c.MaxAge != 0 || !c.Expires.IsZero()):
		return c.errorf(BadLifetime, "Delete with a Value, MaxAge or Expires: make deletions with Cookie.Deletion")
	case c.MaxAge < 0 || 0 < c.MaxAge && c.MaxAge < time.Second:
		return c.errorf(BadLifetime, "MaxAge %v would delete the cookie: use a second or more, or Delete", c.MaxAge)
	case c.MaxAge > MaxLifetime:
		return c.errorf(BadLifetime, "MaxAge %v is more than the 400 days of browsers: %s", c.MaxAge, renew)
	case c.Expires.IsZero():
		return nil
	case !c.Expires.After(now):
		return c.errorf(BadLifetime,
			"Expires %s is in the past and would delete the cookie: use a later time, or Delete",
			c.Expires.UTC().Format(dateFormat))
	case c.Expires.Sub(now) > MaxLifetime:
		return c.errorf(BadLifetime, "Expires %s is further away than the 400 days of browsers: %s",
			c.Expires.UTC().Format(dateFormat), renew)
	}
	return nil
}

// badByte returns the place of the first control character other than tab, or byte of also; -1 if there is none.
func badByte(s, also string) int {
	first := -1
	for i := range len(also) {
		if at := strings.IndexByte(s, also[i]); at >= 0 && (first < 0 || at < first) {
			first = at
		}
	}
	if !hasControl(s) {
		return first
	}
	at := firstControl(s)
	if first < 0 || at < first {
		return at
	}
	return first
}

// firstControl returns the place of the first control character other than tab, -1 if there is none.
func firstControl(s string) int {
	for i := range len(s) {
		if isControl(s[i]) {
			return i
		}
	}
	return -1
}

// isControl: %x00-08 / %x0A-1F / %x7F; browsers drop the whole cookie (ExcludeDisallowedCharacter)
func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

func nonASCII(s string) int {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return i
		}
	}
	return -1
}
