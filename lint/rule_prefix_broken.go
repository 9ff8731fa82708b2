package lint

import (
	"fmt"

	"coatcheck.dev/cookie"
)

var rulePrefixBroken = &Rule{
	ID:       "prefix-broken",
	Title:    "The name's prefix is not kept",
	Severity: Error,
	Citation: "RFC 6265bis section 4.1.3",
	Since:    "0.1",
	Text:     "All prefixes need Secure; __Host- also Path=/ and no Domain; those with Http also HttpOnly. Otherwise the cookie is dropped. A value without a name that begins like a prefix is dropped, too.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeInvalidPrefix) && !c.deletes() {
			p := cookie.PrefixOf(c.Line.Name)
			if p == cookie.NoPrefix {
				report("a value without a name must not begin like a prefix: it is dropped")
				return
			}
			report(fmt.Sprintf("the prefix %s is not kept, and the cookie is dropped", p), keepPrefix(p))
		}
	},
}

// keepPrefix adds what a prefix needs.
func keepPrefix(p cookie.Prefix) func(*cookie.Cookie) {
	return func(k *cookie.Cookie) {
		k.Secure = true
		k.HttpOnly = k.HttpOnly || p.HTTPOnly()
		if p.HostOnly() {
			k.Path, k.Domain = "/", ""
		}
	}
}
