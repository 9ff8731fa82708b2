package lint

import "fmt"

var ruleTossed = &Rule{
	ID:       "tossed",
	Title:    "A cookie set by another host as well",
	Severity: Error,
	Citation: "RFC 6265bis section 8.6",
	Text: "Two hosts of the site set the same name, and the Domain of one covers the other. Requests carry " +
		"both, in an order that the sender does not choose. Begin the name with __Host-.",
	all: func(s *site, on func(*Cookie) reporter) {
		s.pairs(func(first, second *Cookie) {
			if meet(first.stored(), second.stored()) && first.stored().Domain != second.stored().Domain &&
				first.URL.Hostname() != second.URL.Hostname() {
				on(second)(fmt.Sprintf("%s sets a cookie of this name as well, and requests carry both: begin the "+
					"name with __Host-", first.URL.Hostname()), hostPrefix)
			}
		})
	},
}
