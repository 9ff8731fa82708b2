package lint

import (
	"coatcheck.dev/cookie"
)

var ruleSessionSamesite = &Rule{
	ID:       "session-samesite",
	Title:    "A session cookie without SameSite",
	Severity: Warning,
	Citation: "ASVS 5.0 3.3.2; RFC 6265bis section 5.6.7",
	Since:    "0.1",
	Text:     "Chrome then takes almost Lax, Firefox sends it with requests that any site causes. Meant are names such as sid, session, auth, login, token.",
	each: func(c *Cookie, report reporter) {
		if c.session() && c.keptAnywhere() && !c.deletes() && func() bool { _, ok := c.applied("SameSite"); return !ok }() {
			report("browsers disagree about what no SameSite means: say Lax", func(k *cookie.Cookie) { k.SameSite = cookie.SameSiteLax })
		}
	},
}
