package lint

import (
	"strings"

	"coatcheck.dev/cookie"
)

var ruleDomainDot = &Rule{
	ID:       "domain-dot",
	Title:    "Domain with a dot in front",
	Severity: Note,
	Citation: "RFC 6265bis section 5.6.3",
	Since:    "0.1",
	Text:     "The dot has had no meaning since 2011: with and without it, the cookie goes to the domain and all hosts below it.",
	each: func(c *Cookie, report reporter) {
		if a, ok := c.applied("Domain"); ok && strings.HasPrefix(a.Value, ".") && len(a.Value) > 1 && c.keptAnywhere() {
			report("the dot in front of Domain is ignored", func(*cookie.Cookie) {})
		}
	},
}
