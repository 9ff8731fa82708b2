package lint

import (
	"fmt"

	"coatcheck.dev/cookie"
)

var rulePrefixBroken = &Rule{
	ID:       "prefix-broken",
	Title:    "A broken promise of a prefix",
	Severity: Error,
	Citation: "RFC 6265bis section 4.1.3",
	Text: "All prefixes need Secure; __Host- also needs Path=/ and no Domain; those with Http also need " +
		"HttpOnly. Otherwise browsers drop the cookie. They also drop a nameless value that begins like a prefix.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeInvalidPrefix) && !c.deletes() {
			p := cookie.PrefixOf(c.Line.Name)
			if p == cookie.NoPrefix {
				report("a value without a name must not begin like a prefix: browsers drop it")
				return
			}
			report(fmt.Sprintf("the promise of the prefix %s is broken, and browsers drop the cookie", p),
				keepPrefix(p))
		}
	},
}

// keepPrefix adds the attributes for a prefix.
func keepPrefix(p cookie.Prefix) func(*cookie.Cookie) {
	return func(k *cookie.Cookie) {
		k.Secure = true
		k.HttpOnly = k.HttpOnly || p.HTTPOnly()
		if p.HostOnly() {
			k.Path, k.Domain = "/", ""
		}
	}
}
