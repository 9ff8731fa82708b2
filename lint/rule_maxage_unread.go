package lint

import (
	"fmt"
	"strings"

	"coatcheck.dev/cookie"
)

var ruleMaxageUnread = &Rule{
	ID:       "maxage-unread",
	Title:    "A Max-Age without a number",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.6.2",
	Text:     "Browsers ignore the attribute. Without an Expires, the cookie ends with the browser session.",
	each: func(c *Cookie, report reporter) {
		for a := range c.Line.Attributes() {
			if a.Fate == cookie.Unparsable && strings.EqualFold(a.Name, "Max-Age") {
				report(fmt.Sprintf("Max-Age=%.20q is not a number of seconds and is ignored", a.Value),
					asIs)
			}
		}
	},
}
