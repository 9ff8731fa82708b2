package lint

import (
	"fmt"

	"coatcheck.dev/jar"
)

var rulePartitionSize = &Rule{
	ID:       "partition-size",
	Title:    "Almost as many bytes as a partition may have",
	Severity: Warning,
	Citation: "draft-cutler-httpbis-partitioned-cookies section 4.1; Chromium, net/cookies/cookie_monster.h",
	Since:    "0.1",
	Text:     "Partitioned cookies of a site have 10,240 bytes under each top-level site; with more, the oldest are thrown away.",
	all: func(s *site, on func(*Cookie) reporter) {
		for _, group := range s.bySite() {
			bytes := 0
			for _, c := range group {
				bytes += len(c.Line.Name) + len(c.Line.Value)
			}
			if bytes > manyBytes && group[0].stored().Partition != (jar.Partition{}) {
				on(group[len(group)-1])(fmt.Sprintf("the partition has %d bytes; with more than 10240, browsers throw cookies away", bytes))
			}
		}
	},
}

// manyBytes are three quarters of what browsers allow.
const manyBytes = 10240 * 3 / 4
