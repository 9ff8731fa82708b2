package lint

import "fmt"

var ruleShadowed = &Rule{
	ID:       "shadowed",
	Title:    "A cookie for the host beside one for the Domain",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.8.3",
	Text: "Requests carry both cookies, the one for this host alone and the one with Domain. Neither replaces " +
		"nor deletes the other.",
	all: func(s *site, on func(*Cookie) reporter) {
		s.pairs(func(first, second *Cookie) {
			a, b := first.stored(), second.stored()
			if meet(a, b) && (a.Domain != b.Domain || a.HostOnly != b.HostOnly) &&
				first.URL.Hostname() == second.URL.Hostname() {
				on(second)(fmt.Sprintf("there is one for %s as well, and requests carry both: give all of one name "+
					"the same Domain", scope(first)))
			}
		})
	},
}
