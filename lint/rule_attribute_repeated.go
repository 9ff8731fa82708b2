package lint

import (
	"fmt"

	"coatcheck.dev/cookie"
)

var ruleAttributeRepeated = &Rule{
	ID:       "attribute-repeated",
	Title:    "A repeated attribute",
	Severity: Warning,
	Citation: "RFC 6265bis section 4.1.1",
	Text:     "Browsers obey the last one of a kind; other clients obey the first.",
	each: func(c *Cookie, report reporter) {
		for a := range c.Line.Attributes() {
			if a.Fate == cookie.Overridden && !c.folded() {
				report(fmt.Sprintf("a later %s overrides this one", a.Name), asIs)
			}
		}
	},
}
