package lint

import (
	"time"

	"coatcheck.dev/cookie"
)

var ruleLifetimeConflict = &Rule{
	ID:       "lifetime-conflict",
	Title:    "Max-Age and Expires in conflict",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.7, step 6",
	Text:     "Browsers obey Max-Age. A client that knows only Expires keeps the cookie for another time.",
	each: func(c *Cookie, report reporter) {
		for a := range c.Line.Attributes() {
			at, ok := cookie.ParseDate(a.Value)
			if a.Fate != cookie.Outranked || !ok {
				continue
			}
			by, _ := c.Line.Expiry(c.now)
			if over := !at.After(c.now); over != !by.After(c.now) || !over &&
				(min(at.Sub(c.now), cookie.MaxLifetime)-by.Sub(c.now)).Abs() > time.Hour {
				report("Max-Age and Expires disagree, and browsers obey Max-Age", asIs)
			}
		}
	},
}
