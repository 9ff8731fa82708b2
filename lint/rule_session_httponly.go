package lint

import "coatcheck.dev/cookie"

var ruleSessionHttponly = &Rule{
	ID:       "session-httponly",
	Title:    "A session cookie that scripts can read",
	Severity: Error,
	Citation: "ASVS 5.0 3.3.4; RFC 6265bis section 4.1.2.6",
	Text:     "A script that gets into the page can steal it." + sessionNames,
	each: func(c *Cookie, report reporter) {
		if c.session() && !c.Line.HttpOnly {
			report("scripts can read what looks like a session cookie: add HttpOnly",
				func(k *cookie.Cookie) { k.HttpOnly = true })
		}
	},
}
