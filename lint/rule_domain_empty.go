package lint

import (
	"coatcheck.dev/cookie"
)

var ruleDomainEmpty = &Rule{
	ID:       "domain-empty",
	Title:    "Domain without a value",
	Severity: Note,
	Citation: "RFC 6265bis section 5.6.3; draft-ietf-httpbis-layered-cookies",
	Since:    "0.1",
	Text:     "The standards disagree whether such a cookie is for this host alone or dropped.",
	each: func(c *Cookie, report reporter) {
		if a, ok := c.applied("Domain"); ok && a.Value == "" {
			report("standards disagree about an empty Domain: leave it out", func(k *cookie.Cookie) { k.Domain = "" })
		}
	},
}
