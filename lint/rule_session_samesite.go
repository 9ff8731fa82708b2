package lint

import "coatcheck.dev/cookie"

var ruleSessionSamesite = &Rule{
	ID:       "session-samesite",
	Title:    "A session cookie without SameSite",
	Severity: Warning,
	Citation: "ASVS 5.0 3.3.2; RFC 6265bis section 5.6.7",
	Text: "Chrome then assumes almost Lax, and Firefox sends the cookie with all requests across sites." +
		sessionNames,
	each: func(c *Cookie, report reporter) {
		if c.session() && func() bool { _, ok := c.applied("SameSite"); return !ok }() {
			report("browsers disagree about what no SameSite means: say Lax",
				func(k *cookie.Cookie) { k.SameSite = cookie.SameSiteLax })
		}
	},
}
