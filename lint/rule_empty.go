package lint

import (
	"coatcheck.dev/cookie"
)

var ruleEmpty = &Rule{
	ID:       "empty",
	Title:    "Neither name nor value",
	Severity: Error,
	Citation: "RFC 6265bis section 5.7, step 2",
	Since:    "0.1",
	Text:     "Browsers drop a cookie without name and value.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeNoCookieContent) {
			report("there is neither a name nor a value: every browser drops it")
		}
	},
}
