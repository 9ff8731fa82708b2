package lint

import "coatcheck.dev/cookie"

var ruleEmpty = &Rule{
	ID:       "empty",
	Title:    "Neither name nor value",
	Severity: Error,
	Citation: cookie.ExcludeNoCookieContent.Section(),
	Text:     "Browsers drop a cookie without name and value.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeNoCookieContent) {
			report("there is neither a name nor a value: every browser drops it")
		}
	},
}
