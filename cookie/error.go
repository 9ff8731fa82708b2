package cookie

import "fmt"

// An Error says why a cookie was not written. Its text names the cookie, what is wrong, where, and what to do; never
// the value, which may be a secret.
type Error struct {
	Code   Code
	Cookie string // the cookie's name
	detail string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("cookie %.64q: %s", e.Cookie, e.detail) }

// A Code tells apart the causes of an [Error].
type Code string

// The codes, by the part of the cookie that is at fault.
const (
	BadName     Code = "name"     // bytes that end, change or invalidate the cookie; or neither name nor value
	BadValue    Code = "value"    // the same for the value
	BadPath     Code = "path"     // a Path that browsers replace or refuse
	BadDomain   Code = "domain"   // a Domain that browsers change or refuse
	BadLifetime Code = "lifetime" // MaxAge or Expires: over, too far away, or at odds with Delete
	BadSameSite Code = "samesite" // not one of the constants
	BadPriority Code = "priority" // not one of the constants
	BadPrefix   Code = "prefix"   // the name's prefix promises an attribute that is not as promised
	NeedsSecure Code = "secure"   // SameSite=None or Partitioned without Secure
	TooLarge    Code = "size"     // more bytes than browsers take
)

func (c *Cookie) errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Cookie: c.Name, detail: fmt.Sprintf(format, args...)}
}
