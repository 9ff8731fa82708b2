package lint

import (
	"coatcheck.dev/cookie"
)

var ruleDeletionRefused = &Rule{
	ID:       "deletion-refused",
	Title:    "A deletion that browsers drop",
	Severity: Error,
	Citation: "RFC 6265bis section 4.1.3",
	Since:    "0.1",
	Text:     "What deletes a cookie has to keep its prefix and the rules of Secure like what sets it. Otherwise it is dropped and the cookie stays.",
	each: func(c *Cookie, report reporter) {
		if why := c.Outcomes[0].decided(); c.deletes() && (why == cookie.ExcludeInvalidPrefix || why == cookie.ExcludeSecureOnly) {
			report("the deletion is dropped and the cookie stays: a deletion needs all that its prefix needs, over https", keepPrefix(cookie.PrefixOf(c.Line.Name)))
		}
	},
}
