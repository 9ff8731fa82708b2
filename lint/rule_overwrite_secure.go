package lint

import "coatcheck.dev/cookie"

var ruleOverwriteSecure = &Rule{
	ID:       "overwrite-secure",
	Title:    "A Secure cookie is in the way",
	Severity: Error,
	Citation: cookie.ExcludeOverwriteSecure.Section(),
	Text:     "A response over http cannot replace or hide a Secure cookie.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeOverwriteSecure) {
			report("a Secure cookie of this name is there, and a response over http cannot replace it: serve it " +
				"over https")
		}
	},
}
