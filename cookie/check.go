package cookie

import (
	"strings"
	"time"
)

// Check returns an *[Error] for what would make a browser drop the cookie or keep another one than was written:
//
//   - Name or Value with control characters (all but tab), with ';', with spaces or tabs at an end, a Name with '=',
//     or neither of the two (RFC 6265bis section 5.6, steps 1 to 4)
//   - a Value without a Name that has a '=' or begins like a prefixed name (section 5.7, step 21)
//   - Name and Value of more than [MaxNameValue] bytes, Path or Domain of more than [MaxAttributeValue]
//   - a Path that does not begin with '/', ends in a space or tab, or has ';', control or non-ASCII characters
//   - a Domain that begins with a dot, or is not a host name in ASCII
//   - a MaxAge that is negative or under a second, an Expires that has passed: deletion is spelled Delete
//   - a lifetime of more than [MaxLifetime]
//   - a prefix without what it promises: Secure for all; Path=/ and no Domain for __Host- and __Host-Http-; HttpOnly
//     for __Http- and __Host-Http-
//   - SameSite=None or Partitioned without Secure
//
// It knows nothing of the request: whether it came over https, and from a host that may set this Domain.
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

func (c *Cookie) checkPair() error {
	if i := badByte(c.Name, ";="); i >= 0 {
		return c.errorf(BadName, "name has byte %#02x at %d, which ends or invalidates it in browsers: use letters, digits, '-' and '_'", c.Name[i], i)
	}
	if i := badByte(c.Value, ";"); i >= 0 {
		return c.errorf(BadValue, "value has byte %#02x at %d, which ends or invalidates it in browsers: encode the value, for example as base64url", c.Value[i], i)
	}
	if trim(c.Name) != c.Name {
		return c.errorf(BadName, "name begins or ends with a space or tab, which browsers cut off: remove it")
	}
	if trim(c.Value) != c.Value {
		return c.errorf(BadValue, "value begins or ends with a space or tab, which browsers cut off: encode the value, for example as base64url")
	}
	if n := len(c.Name) + len(c.Value); n > MaxNameValue {
		return c.errorf(TooLarge, "name and value have %d bytes, browsers take at most %d: keep the data on the server", n, MaxNameValue)
	}
	if c.Name != "" {
		return nil
	}
	switch {
	case c.Value == "":
		return c.errorf(BadName, "no name and no value: give it a name")
	case strings.Contains(c.Value, "="):
		return c.errorf(BadValue, "value has a '=' and there is no name, so that it would come back as a name: give it a name")
	case PrefixOf(c.Value) != NoPrefix:
		return c.errorf(BadValue, "value begins like a prefixed name and there is no name: give it a name")
	}
	return nil
}

func (c *Cookie) checkPath() error {
	if c.Path == "" {
		return nil
	}
	if c.Path[0] != '/' {
		return c.errorf(BadPath, "Path %.64q does not begin with '/', and browsers replace it by the folder of the request: begin with '/'", c.Path)
	}
	if i := badByte(c.Path, ";"); i >= 0 {
		return c.errorf(BadPath, "Path has byte %#02x at %d, which ends or invalidates it in browsers: percent-encode it", c.Path[i], i)
	}
	if i := nonASCII(c.Path); i >= 0 {
		return c.errorf(BadPath, "Path has byte %#02x at %d, and browsers drop the cookie: percent-encode it", c.Path[i], i)
	}
	if trimRight(c.Path) != c.Path {
		return c.errorf(BadPath, "Path ends with a space or tab, which browsers cut off: percent-encode it")
	}
	if len(c.Path) > MaxAttributeValue {
		return c.errorf(TooLarge, "Path has %d bytes, browsers ignore more than %d: use a shorter prefix", len(c.Path), MaxAttributeValue)
	}
	return nil
}

func (c *Cookie) checkDomain() error {
	if c.Domain == "" {
		return nil
	}
	if c.Domain[0] == '.' {
		return c.errorf(BadDomain, "Domain %.64q begins with a dot, which browsers cut off or refuse: remove it, hosts below are included anyway", c.Domain)
	}
	if len(c.Domain) > 253 {
		return c.errorf(BadDomain, "Domain has %d bytes, host names have at most 253: correct the name", len(c.Domain))
	}
	for label := range strings.SplitSeq(c.Domain, ".") {
		if label == "" || len(label) > 63 {
			return c.errorf(BadDomain, "Domain %.64q has a label of %d bytes, host names have 1 to 63: correct the name", c.Domain, len(label))
		}
	}
	for i := range len(c.Domain) {
		if b := lower(c.Domain[i]); (b < 'a' || 'z' < b) && (b < '0' || '9' < b) && b != '.' && b != '-' && b != '_' {
			return c.errorf(BadDomain, "Domain has byte %#02x at %d, which no host name has: write it without port, in punycode", c.Domain[i], i)
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
		return c.errorf(BadPrefix, "a name with the prefix %s needs Secure: set it, or use a name without prefix", p)
	case p.HostOnly() && c.Domain != "":
		return c.errorf(BadPrefix, "a name with the prefix %s must have no Domain: remove it, or use the prefix __Secure-", p)
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
		return c.errorf(BadLifetime, "MaxAge %v is more than the 400 days that browsers keep a cookie: use less, and set it again in time", c.MaxAge)
	case c.Expires.IsZero():
		return nil
	case !c.Expires.After(now):
		return c.errorf(BadLifetime, "Expires %s has passed and would delete the cookie: use a later time, or Delete", c.Expires.UTC().Format(dateFormat))
	case c.Expires.Sub(now) > MaxLifetime:
		return c.errorf(BadLifetime, "Expires %s is more than the 400 days away that browsers keep a cookie: use less, and set it again in time", c.Expires.UTC().Format(dateFormat))
	}
	return nil
}

// badByte returns where s has a control character other than tab, or one of also; -1 if nowhere.
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

// firstControl returns where s has a control character other than tab, -1 if nowhere.
func firstControl(s string) int {
	for i := range len(s) {
		if isControl(s[i]) {
			return i
		}
	}
	return -1
}

// isControl reports whether a byte makes browsers drop the whole cookie (RFC 6265bis section 5.6, step 1).
func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

func nonASCII(s string) int {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return i
		}
	}
	return -1
}
