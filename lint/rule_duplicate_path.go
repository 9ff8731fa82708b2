package lint

import (
	"fmt"

	"coatcheck.dev/cookie"
)

var ruleDuplicatePath = &Rule{
	ID:       "duplicate-path",
	Title:    "A cookie of the same name for another Path",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.8.3",
	Since:    "0.1",
	Text:     "Requests below both paths carry both cookies, the one with the longer path in front.",
	all: func(s *site, on func(*Cookie) reporter) {
		s.pairs(func(first, second *Cookie) {
			a, b := first.stored(), second.stored()
			if meet(a, b) && a.Domain == b.Domain && a.HostOnly == b.HostOnly && a.Path != b.Path {
				on(second)(fmt.Sprintf("there is one for %s as well, and requests carry both: give all of one name the same Path", scope(first)), func(k *cookie.Cookie) { k.Path = first.stored().Path })
			}
		})
	},
}
