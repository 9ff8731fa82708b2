package lint

import (
	"coatcheck.dev/cookie"
)

var ruleSessionHttponly = &Rule{
	ID:       "session-httponly",
	Title:    "A session cookie that scripts can read",
	Severity: Error,
	Citation: "ASVS 5.0 3.3.4; RFC 6265bis section 4.1.2.6",
	Since:    "0.1",
	Text:     "A script that gets into the page steals it. Meant are names such as sid, session, auth, login, token.",
	each: func(c *Cookie, report reporter) {
		if c.session() && c.keptAnywhere() && !c.deletes() && !c.Line.HttpOnly {
			report("scripts can read a cookie that looks like a session's: add HttpOnly", func(k *cookie.Cookie) { k.HttpOnly = true })
		}
	},
}
