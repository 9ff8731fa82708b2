package lint

import (
	"coatcheck.dev/cookie"
)

var rulePathNonAscii = &Rule{
	ID:       "path-non-ascii",
	Title:    "Path beyond ASCII",
	Severity: Error,
	Citation: "web-platform-tests, cookies/path; whatwg/url issue 814",
	Since:    "0.1",
	Text:     "Firefox and Safari drop such a cookie. Write the path percent-encoded.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeFailureToStore) && len(c.Line.Raw) <= cookie.MaxLine {
			report("Path has bytes beyond ASCII, which Firefox and Safari drop: percent-encode it")
		}
	},
}
