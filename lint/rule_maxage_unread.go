package lint

import (
	"fmt"
	"strings"

	"coatcheck.dev/cookie"
)

var ruleMaxageUnread = &Rule{
	ID:       "maxage-unread",
	Title:    "Max-Age that is no number",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.6.2",
	Since:    "0.1",
	Text:     "The attribute is ignored: without an Expires, the cookie ends with the browser session.",
	each: func(c *Cookie, report reporter) {
		for a := range c.Line.Attributes() {
			if a.Fate == cookie.Unparsable && strings.EqualFold(a.Name, "Max-Age") {
				report(fmt.Sprintf("Max-Age=%.20q is no number of seconds and is ignored", a.Value), func(*cookie.Cookie) {})
			}
		}
	},
}
