package lint

import "strings"

var ruleDomainDot = &Rule{
	ID:       "domain-dot",
	Title:    "A dot in front of Domain",
	Severity: Note,
	Citation: "RFC 6265bis section 5.6.3",
	Text: "The dot has been meaningless since 2011: with or without it, the cookie goes to the domain and all " +
		"hosts below.",
	each: func(c *Cookie, report reporter) {
		if a, ok := c.applied("Domain"); ok && strings.HasPrefix(a.Value, ".") && len(a.Value) > 1 && c.keptAnywhere() {
			report("the dot in front of Domain is ignored", asIs)
		}
	},
}
