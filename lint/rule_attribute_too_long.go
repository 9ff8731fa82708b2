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
	Since:    "0.1",
	Text:     "The attribute is ignored and the cookie kept without it.",
	each: func(c *Cookie, report reporter) {
		for a := range c.Line.Attributes() {
			if a.Fate == cookie.TooLong {
				report(fmt.Sprintf("%s has %d bytes; with more than %d it is ignored", a.Name, len(a.Value), cookie.MaxAttributeValue), func(*cookie.Cookie) {})
			}
		}
	},
}
