package lint

import (
	"coatcheck.dev/cookie"
)

var rulePartitionedSamesite = &Rule{
	ID:       "partitioned-samesite",
	Title:    "Partitioned without SameSite=None",
	Severity: Warning,
	Citation: "draft-cutler-httpbis-partitioned-cookies section 2; WebKit change 67742",
	Since:    "0.1",
	Text:     "Embedded in other sites, no browser sends it; Safari drops it everywhere.",
	each: func(c *Cookie, report reporter) {
		if c.Line.Partitioned && c.Line.Secure && c.Line.SameSite != cookie.SameSiteNone {
			report("Partitioned is for pages embedded in other sites, which needs SameSite=None; Safari drops the cookie", func(k *cookie.Cookie) { k.SameSite = cookie.SameSiteNone })
		}
	},
}
