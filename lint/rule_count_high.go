package lint

import (
	"fmt"

	"coatcheck.dev/jar"
)

var ruleCountHigh = &Rule{
	ID:       "count-high",
	Title:    "Almost as many cookies as a site may have",
	Severity: Warning,
	Citation: "RFC 6265bis section 6.1; Chromium, net/cookies/cookie_monster.h",
	Text: "Chrome and Firefox keep 180 cookies of a site, subdomains included. With more, they throw away 30 at " +
		"once.",
	all: func(s *site, on func(*Cookie) reporter) {
		for _, group := range s.bySite() {
			if len(group) > limits.Site-limits.SitePurge && group[0].stored().Partition == (jar.Partition{}) {
				on(group[len(group)-1])(fmt.Sprintf("the site has %d cookies, and browsers throw some away over %d",
					len(group), limits.Site))
			}
		}
	},
}
