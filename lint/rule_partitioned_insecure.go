package lint

import "coatcheck.dev/cookie"

var rulePartitionedInsecure = &Rule{
	ID:       "partitioned-insecure",
	Title:    "Partitioned without Secure",
	Severity: Error,
	Citation: cookie.ExcludeInvalidPartitioned.Section(),
	Text:     "Browsers drop a partitioned cookie without Secure, or over http.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeInvalidPartitioned) && !c.Line.Secure {
			report("Partitioned needs Secure, and is useless without SameSite=None: browsers drop the cookie",
				func(k *cookie.Cookie) { k.Secure, k.SameSite = true, cookie.SameSiteNone })
		}
	},
}
