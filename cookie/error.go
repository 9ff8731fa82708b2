package cookie

import "fmt"

// An Error is the reason why a cookie was not written. Its text names the cookie, the fault, its place and the
// remedy. It never shows the value, because values may be secrets.
type Error struct {
	Code   Code
	Cookie string // the name
	detail string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("cookie %.64q: %s", e.Cookie, e.detail) }

// A Code is the cause of an [Error].
type Code string

// The codes, by the part of the cookie at fault.
const (
	BadName     Code = "name"     // bytes to end, change or invalidate the cookie; or neither name nor value
	BadValue    Code = "value"    // the same for the value
	BadPath     Code = "path"     // browsers would replace or refuse the Path
	BadDomain   Code = "domain"   // browsers would change or refuse the Domain
	BadLifetime Code = "lifetime" // MaxAge or Expires: in the past, too far away, or at odds with Delete
	BadSameSite Code = "samesite" // not one of the constants
	BadPriority Code = "priority" // not one of the constants
	BadPrefix   Code = "prefix"   // an attribute is not as the name's prefix promises
	NeedsSecure Code = "secure"   // SameSite=None or Partitioned without Secure
	TooLarge    Code = "size"     // browsers accept fewer bytes
)

func (c *Cookie) errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Cookie: c.Name, detail: fmt.Sprintf(format, args...)}
}
