package lint

import (
	"fmt"
	"strings"

	"coatcheck.dev/cookie"
)

var ruleAttributeUnknown = &Rule{
	ID:       "attribute-unknown",
	Title:    "An attribute unknown to browsers",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.6",
	Text:     "Browsers ignore unknown attributes silently. It may be misspelled.",
	each: func(c *Cookie, report reporter) {
		for a := range c.Line.Attributes() {
			if a.Fate == cookie.Unknown && !strings.Contains(a.Name, ",") && a.Name != "" &&
				len(c.Line.Raw) <= cookie.MaxLine {
				report(fmt.Sprintf("%.40q is not an attribute and is ignored", a.Name), asIs)
			}
		}
	},
}
