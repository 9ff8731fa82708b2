package lint

import (
	"coatcheck.dev/cookie"
)

var ruleDomainNonAscii = &Rule{
	ID:       "domain-non-ascii",
	Title:    "Domain beyond ASCII",
	Severity: Error,
	Citation: "RFC 6265bis section 5.7, step 8",
	Since:    "0.1",
	Text:     "Domain has to be written in punycode; one with other bytes is dropped.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeDomainNonASCII) {
			report("Domain has bytes beyond ASCII and the cookie is dropped: write it in punycode, or leave it out", func(k *cookie.Cookie) { k.Domain = "" })
		}
	},
}
