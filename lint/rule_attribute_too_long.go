package lint

import (
	"fmt"

	"coatcheck.dev/cookie"
)

var ruleAttributeTooLong = &Rule{
	ID:       "attribute-too-long",
	Title:    "An attribute of more than 1024 bytes",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.6",
	Text:     "Browsers ignore the attribute and keep the cookie without it.",
	each: func(c *Cookie, report reporter) {
		for a := range c.Line.Attributes() {
			if a.Fate == cookie.TooLong {
				report(fmt.Sprintf("%s has %d bytes, and browsers ignore it over %d", a.Name, len(a.Value),
					cookie.MaxAttributeValue), asIs)
			}
		}
	},
}
