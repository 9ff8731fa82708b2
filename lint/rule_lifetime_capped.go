package lint

import (
	"time"

	"coatcheck.dev/cookie"
)

var ruleLifetimeCapped = &Rule{
	ID:       "lifetime-capped",
	Title:    "A lifetime of more than 400 days",
	Severity: Note,
	Citation: "RFC 6265bis section 5.5",
	Text:     "Browsers cut lifetimes to 400 days. Renew the cookie when it is used.",
	each: func(c *Cookie, report reporter) {
		at, ok := c.written()
		if ok && at.Sub(c.now) > cookie.MaxLifetime+24*time.Hour && c.keptAnywhere() {
			report("browsers keep it for at most 400 days",
				func(k *cookie.Cookie) { k.MaxAge, k.Expires = cookie.MaxLifetime, time.Time{} })
		}
	},
}
