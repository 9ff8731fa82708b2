package cookie

import "time"

// Limits of RFC 6265bis, held by [Cookie.Check].
const (
	// MaxNameValue is the size of name and value together, in bytes (section 5.6, step 5).
	MaxNameValue = 4096
	// MaxAttributeValue is the size of the value of one attribute, in bytes (section 5.6, step 6 of the attributes).
	MaxAttributeValue = 1024
	// MaxLifetime is the longest lifetime; browsers cut longer ones (section 5.5).
	MaxLifetime = 400 * 24 * time.Hour
)

// A Cookie is the content of one Set-Cookie line. Apart from Name and Value, a field with its zero value is not
// written.
type Cookie struct {
	// Name and Value are written without any encoding. A browser keeps all bytes but control characters and ';': also
	// UTF-8, spaces and quotes inside. RFC 6265bis section 4.1.1 advises servers to write fewer of them. A cookie
	// without a name is written as its bare value.
	Name, Value string

	// Path is the beginning of the paths that get the cookie, with a leading '/'. "" leaves it to the browser: it takes
	// the folder of the answered URL, and hardly anybody wants that.
	Path string

	// Domain sends the cookie to this host and all hosts below it. "" sends it to the host alone that set it.
	Domain string

	// MaxAge is the lifetime. It is written in whole seconds, rounded down, and it wins over Expires. Zero, with a zero
	// Expires, is a session cookie: it ends with the browser session.
	MaxAge time.Duration

	// Expires is the end of the cookie by the browser's clock, so MaxAge is safer. The zero time is not written.
	Expires time.Time

	// Secure cookies are sent over https only. They cannot be set or overwritten over http.
	Secure bool

	// HttpOnly cookies are hidden from scripts.
	HttpOnly bool

	// SameSite decides about requests from other sites.
	SameSite SameSite

	// Partitioned keeps a separate cookie under each embedding top-level site (CHIPS).
	Partitioned bool

	// Priority orders the eviction of a site's cookies in Chromium. Other browsers ignore it.
	Priority Priority

	// Delete tells the browser to forget the cookie of this name, Domain, Path and Partitioned. Value, MaxAge and
	// Expires must be empty. The name's prefix still needs its attributes.
	Delete bool
}

// Deletion returns a cookie to make browsers forget c.
func (c *Cookie) Deletion() *Cookie {
	d := *c
	d.Value, d.MaxAge, d.Expires, d.Delete = "", 0, time.Time{}, true
	return &d
}

// SameSite is the value of the SameSite attribute (RFC 6265bis section 5.6.7).
type SameSite uint8

const (
	// SameSiteUnset writes no attribute. Chromium then treats the cookie almost as Lax, Firefox as None.
	SameSiteUnset SameSite = iota
	// SameSiteLax sends the cookie with same-site requests, and with top-level navigations by a safe method.
	SameSiteLax
	// SameSiteStrict sends the cookie with same-site requests only.
	SameSiteStrict
	// SameSiteNone sends the cookie with every request. It needs Secure.
	SameSiteNone
)

var sameSiteNames = [...]string{SameSiteUnset: "", SameSiteLax: "Lax", SameSiteStrict: "Strict", SameSiteNone: "None"}

// String returns the attribute's value as it is written, "" for SameSiteUnset.
func (s SameSite) String() string { return nameOf(sameSiteNames[:], uint8(s)) }

// Priority is the value of Chromium's Priority attribute.
type Priority uint8

const (
	// PriorityUnset writes no attribute. It means the same as PriorityMedium.
	PriorityUnset Priority = iota
	// PriorityLow cookies are evicted first.
	PriorityLow
	// PriorityMedium is the priority of cookies without the attribute.
	PriorityMedium
	// PriorityHigh cookies are evicted last.
	PriorityHigh
)

var priorityNames = [...]string{PriorityUnset: "", PriorityLow: "Low", PriorityMedium: "Medium", PriorityHigh: "High"}

// String returns the attribute's value as it is written, "" for PriorityUnset.
func (p Priority) String() string { return nameOf(priorityNames[:], uint8(p)) }

func nameOf(names []string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return "invalid"
}
