package cookie

import "time"

// Limits of RFC 6265bis that [Cookie.Check] holds.
const (
	// MaxNameValue is how many bytes name and value may have together (section 5.6, step 5).
	MaxNameValue = 4096
	// MaxAttributeValue is how many bytes the value of one attribute may have (section 5.6.2, step 6).
	MaxAttributeValue = 1024
	// MaxLifetime is how long a browser keeps a cookie at most (section 5.5).
	MaxLifetime = 400 * 24 * time.Hour
)

// A Cookie is what a server tells a browser to keep: the content of one Set-Cookie line. The zero value of every field
// but Name and Value means that the attribute is not written.
type Cookie struct {
	// Name and Value are written as they are, without any encoding. A browser keeps any bytes but control characters
	// and ';', also UTF-8, spaces and quotes inside; RFC 6265bis section 4.1.1 advises servers to write less than that.
	// A cookie without a name is written as its bare value.
	Name, Value string

	// Path is the prefix of the paths that get the cookie: it begins with '/'. "" leaves it to the browser, which takes
	// the folder of the URL that was answered: rarely what is meant.
	Path string

	// Domain is the host that gets the cookie together with all hosts below it. "" is the host that set it, alone.
	Domain string

	// MaxAge is how long the cookie is kept, written in whole seconds, a rest is cut off. Zero, with a zero Expires,
	// is a session cookie, which ends with the browser session. It wins over Expires.
	MaxAge time.Duration

	// Expires is when the cookie ends, by the browser's clock; MaxAge is safer. The zero time is not written.
	Expires time.Time

	// Secure cookies are sent over https only. They cannot be set or overwritten over http.
	Secure bool

	// HttpOnly cookies are hidden from scripts.
	HttpOnly bool

	// SameSite says which requests from other sites carry the cookie.
	SameSite SameSite

	// Partitioned gives each top-level site that embeds this one a jar of its own (CHIPS).
	Partitioned bool

	// Priority tells Chromium which cookies of a site to evict first. Other browsers ignore it.
	Priority Priority

	// Delete tells the browser to forget the cookie of this name, Domain, Path and Partitioned. Value, MaxAge and
	// Expires have to be empty; the attributes that the name's prefix needs are still needed.
	Delete bool
}

// Deletion returns the cookie that makes browsers forget c.
func (c *Cookie) Deletion() *Cookie {
	d := *c
	d.Value, d.MaxAge, d.Expires, d.Delete = "", 0, time.Time{}, true
	return &d
}

// SameSite is the value of the SameSite attribute (RFC 6265bis section 5.6.7).
type SameSite uint8

const (
	// SameSiteUnset writes no attribute. Chromium then acts almost as for Lax, Firefox as for None.
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
	// PriorityUnset writes no attribute, which is the same as PriorityMedium.
	PriorityUnset Priority = iota
	// PriorityLow cookies are evicted first.
	PriorityLow
	// PriorityMedium is what cookies have that name no priority.
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
