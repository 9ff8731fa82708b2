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
	Since:    "0.1",
	Text:     "Chrome and Firefox keep 180 cookies of a site, subdomains included, and throw away 30 at once when there are more.",
	all: func(s *site, on func(*Cookie) reporter) {
		for _, group := range s.bySite() {
			if len(group) > manyCookies && group[0].stored().Partition == (jar.Partition{}) {
				on(group[len(group)-1])(fmt.Sprintf("the site has %d cookies; of more than 180, browsers throw some away", len(group)))
			}
		}
	},
}

// manyCookies is where Chrome and Firefox stop when they throw away.
const manyCookies = 150
