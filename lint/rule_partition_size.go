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
	Text: "Partitioned cookies of a site have 10,240 bytes under each top-level site. With more, browsers throw " +
		"away the oldest.",
	all: func(s *site, on func(*Cookie) reporter) {
		for _, group := range s.bySite() {
			bytes := 0
			for _, c := range group {
				bytes += len(c.Line.Name) + len(c.Line.Value)
			}
			if bytes > limits.PartitionBytes*3/4 && group[0].stored().Partition != (jar.Partition{}) {
				on(group[len(group)-1])(fmt.Sprintf("the partition has %d bytes, and browsers throw cookies away "+
					"over %d",
					bytes, limits.PartitionBytes))
			}
		}
	},
}
