package lint

import (
	"fmt"

	"coatcheck.dev/cookie"
)

var ruleDeletionMisses = &Rule{
	ID:       "deletion-misses",
	Title:    "A deletion without effect",
	Severity: Error,
	Citation: "RFC 6265bis section 5.7, step 23",
	Text:     "A cookie is deleted by one of the same name, Domain, Path and Partitioned. Otherwise it stays.",
	all: func(s *site, on func(*Cookie) reporter) {
		byName := s.byName()
		at := map[*Cookie]int{}
		for i, c := range s.cookies {
			at[c] = i
		}
		had := map[identity]bool{}
		for i, c := range s.cookies {
			if !c.deletes() {
				had[identityOf(c)] = true
				continue
			}
			if had[identityOf(c)] {
				delete(had, identityOf(c))
				continue
			}
			for _, other := range byName[namesakesOf(c)] {
				if at[other] < i && hostsMeet(other.stored(), c.stored()) {
					domain := ""
					if !other.stored().HostOnly {
						domain = other.stored().Domain
					}
					on(c)(fmt.Sprintf("this does not delete the cookie for %s: Domain, Path and Partitioned have to "+
						"be the same", scope(other)), func(k *cookie.Cookie) {
						k.Domain, k.Path, k.Partitioned = domain, other.stored().Path, other.Line.Partitioned
					})
					break
				}
			}
		}
	},
}

// scope is the reach of a cookie, for people.
func scope(c *Cookie) string {
	k := c.stored()
	if k.HostOnly {
		return k.Domain + k.Path
	}
	return "*." + k.Domain + k.Path
}
