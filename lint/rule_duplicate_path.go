package lint

import (
	"fmt"

	"coatcheck.dev/cookie"
)

var ruleDuplicatePath = &Rule{
	ID:       "duplicate-path",
	Title:    "The same name for two paths",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.8.3",
	Text:     "Requests below both paths carry both cookies, the one with the longer path first.",
	all: func(s *site, on func(*Cookie) reporter) {
		s.pairs(func(first, second *Cookie) {
			a, b := first.stored(), second.stored()
			if meet(a, b) && a.Domain == b.Domain && a.HostOnly == b.HostOnly && a.Path != b.Path {
				on(second)(fmt.Sprintf("there is another one for %s, and requests carry both: give all of one name "+
					"the same Path", scope(first)), func(k *cookie.Cookie) { k.Path = first.stored().Path })
			}
		})
	},
}
