package lint

import (
	"coatcheck.dev/cookie"
)

var rulePartitionedInsecure = &Rule{
	ID:       "partitioned-insecure",
	Title:    "Partitioned without Secure",
	Severity: Error,
	Citation: "draft-cutler-httpbis-partitioned-cookies section 3.1",
	Since:    "0.1",
	Text:     "A partitioned cookie needs Secure and https, else it is dropped.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeInvalidPartitioned) && !c.Line.Secure {
			report("Partitioned needs Secure, and SameSite=None to be of use: the cookie is dropped", func(k *cookie.Cookie) { k.Secure, k.SameSite = true, cookie.SameSiteNone })
		}
	},
}
