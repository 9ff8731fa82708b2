package lint

import "coatcheck.dev/cookie"

var rulePartitionedSamesite = &Rule{
	ID:       "partitioned-samesite",
	Title:    "Partitioned without SameSite=None",
	Severity: Warning,
	Citation: "draft-cutler-httpbis-partitioned-cookies section 2; WebKit change 67742",
	Text:     "No browser sends it to a page embedded in another site. Safari drops it everywhere.",
	each: func(c *Cookie, report reporter) {
		if c.Line.Partitioned && c.Line.Secure && c.Line.SameSite != cookie.SameSiteNone {
			report("Partitioned is for embedded pages, and these need SameSite=None: Safari drops the cookie",
				func(k *cookie.Cookie) { k.SameSite = cookie.SameSiteNone })
		}
	},
}
