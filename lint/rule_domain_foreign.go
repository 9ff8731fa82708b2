package lint

import (
	"fmt"

	"coatcheck.dev/cookie"
)

var ruleDomainForeign = &Rule{
	ID:       "domain-foreign",
	Title:    "A Domain beyond the host",
	Severity: Error,
	Citation: cookie.ExcludeInvalidDomain.Section(),
	Text:     "A host may set cookies for itself and for domains above it. All others are dropped.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeInvalidDomain) && !c.publicSuffix() {
			written, _ := c.applied("Domain")
			report(fmt.Sprintf("%s may not set cookies for Domain=%s: every browser drops it", c.URL.Hostname(),
				written.Value), func(k *cookie.Cookie) { k.Domain = "" })
		}
	},
}
