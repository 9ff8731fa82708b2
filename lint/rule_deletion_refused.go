package lint

import "coatcheck.dev/cookie"

var ruleDeletionRefused = &Rule{
	ID:       "deletion-refused",
	Title:    "A deletion that browsers drop",
	Severity: Error,
	Citation: "RFC 6265bis section 4.1.3",
	Text: "A deletion has to keep the prefix and the rules of Secure, like any other cookie. Otherwise browsers " +
		"drop it, and the cookie stays.",
	each: func(c *Cookie, report reporter) {
		if why := c.Outcomes[0].decided(); c.deletes() &&
			(why == cookie.ExcludeInvalidPrefix || why == cookie.ExcludeSecureOnly) {
			report("browsers drop the deletion and the cookie stays: keep the promise of the prefix, over https",
				keepPrefix(cookie.PrefixOf(c.Line.Name)))
		}
	},
}
