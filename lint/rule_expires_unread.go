package lint

import (
	"fmt"
	"strings"

	"coatcheck.dev/cookie"
)

var ruleExpiresUnread = &Rule{
	ID:       "expires-unread",
	Title:    "An Expires without a date",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.1.1",
	Text: "Browsers ignore the attribute. Unless there is a Max-Age, the cookie ends with the browser session, " +
		"and a deletion deletes nothing.",
	each: func(c *Cookie, report reporter) {
		for a := range c.Line.Attributes() {
			if a.Fate == cookie.Unparsable && strings.EqualFold(a.Name, "Expires") {
				report(fmt.Sprintf("Expires=%.40q is no date and is ignored", a.Value), asIs)
			}
		}
	},
}
