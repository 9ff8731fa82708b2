package lint

import (
	"fmt"

	"coatcheck.dev/cookie"
)

var ruleAttributeRepeated = &Rule{
	ID:       "attribute-repeated",
	Title:    "An attribute more than once",
	Severity: Warning,
	Citation: "RFC 6265bis section 4.1.1",
	Since:    "0.1",
	Text:     "The last one of a kind wins in browsers; other clients take the first.",
	each: func(c *Cookie, report reporter) {
		for a := range c.Line.Attributes() {
			if a.Fate == cookie.Overridden && !c.folded() {
				report(fmt.Sprintf("a later %s wins over this one", a.Name), func(*cookie.Cookie) {})
			}
		}
	},
}
