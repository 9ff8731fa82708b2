package lint

import "coatcheck.dev/cookie"

var ruleDomainEmpty = &Rule{
	ID:       "domain-empty",
	Title:    "A Domain without a value",
	Severity: Note,
	Citation: "RFC 6265bis section 5.6.3; draft-ietf-httpbis-layered-cookies",
	Text:     "The standards disagree: such a cookie is for this host alone, or it is dropped.",
	each: func(c *Cookie, report reporter) {
		if a, ok := c.applied("Domain"); ok && a.Value == "" {
			report("standards disagree about an empty Domain: leave it out", func(k *cookie.Cookie) { k.Domain = "" })
		}
	},
}
