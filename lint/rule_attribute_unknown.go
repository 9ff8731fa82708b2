package lint

import (
	"fmt"
	"strings"

	"coatcheck.dev/cookie"
)

var ruleAttributeUnknown = &Rule{
	ID:       "attribute-unknown",
	Title:    "An attribute that no browser knows",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.6",
	Since:    "0.1",
	Text:     "Unknown attributes are ignored without a word. It may be misspelled.",
	each: func(c *Cookie, report reporter) {
		for a := range c.Line.Attributes() {
			if a.Fate == cookie.Unknown && !strings.Contains(a.Name, ",") && a.Name != "" && len(c.Line.Raw) <= cookie.MaxLine {
				report(fmt.Sprintf("%.40q is no attribute and is ignored", a.Name), func(*cookie.Cookie) {})
			}
		}
	},
}
