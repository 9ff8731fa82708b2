package lint

import "coatcheck.dev/cookie"

var rulePathNonAscii = &Rule{
	ID:       "path-non-ascii",
	Title:    "A Path beyond ASCII",
	Severity: Error,
	Citation: "web-platform-tests, cookies/path; whatwg/url issue 814",
	Text:     "Firefox and Safari drop such a cookie. Percent-encode the path.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeFailureToStore) && len(c.Line.Raw) <= cookie.MaxLine {
			report("Path has bytes beyond ASCII, and Firefox and Safari drop the cookie: percent-encode it")
		}
	},
}
