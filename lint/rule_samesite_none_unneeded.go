package lint

import "coatcheck.dev/cookie"

var ruleSamesiteNoneUnneeded = &Rule{
	ID:       "samesite-none-unneeded",
	Title:    "SameSite=None without need",
	Severity: Warning,
	Citation: "RFC 6265bis section 8.8.1",
	Text: "None sends the cookie with requests that any site causes. Embedded pages should use Partitioned with " +
		"it, and Lax suits all others. Nothing seen here needs more.",
	each: func(c *Cookie, report reporter) {
		if c.Line.SameSite == cookie.SameSiteNone && c.Line.Secure && !c.Line.Partitioned && !c.embedded &&
			c.keptAnywhere() && !c.deletes() {
			report("SameSite=None sends it with requests that any site causes, and nothing here needs that: Lax, or "+
				"Partitioned if it is for embedded pages", func(k *cookie.Cookie) { k.SameSite = cookie.SameSiteLax })
		}
	},
}
