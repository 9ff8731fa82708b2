package lint

import (
	"coatcheck.dev/cookie"
)

var ruleOverwriteSecure = &Rule{
	ID:       "overwrite-secure",
	Title:    "A Secure cookie is in the way",
	Severity: Error,
	Citation: "RFC 6265bis section 5.7, step 16",
	Since:    "0.1",
	Text:     "A response over http cannot replace or hide a Secure cookie.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeOverwriteSecure) {
			report("a Secure cookie of this name is there, and a response over http cannot replace it: serve it over https")
		}
	},
}
