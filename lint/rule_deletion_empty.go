package lint

import "coatcheck.dev/cookie"

var ruleDeletionEmpty = &Rule{
	ID:       "deletion-empty",
	Title:    "An empty value instead of a deletion",
	Severity: Warning,
	Citation: "RFC 6265bis section 4.1.2.2",
	Text:     "An emptied cookie still exists, and is still sent. Max-Age=0 deletes it.",
	all: func(s *site, on func(*Cookie) reporter) {
		full := map[identity]bool{}
		for _, c := range s.cookies {
			id := identityOf(c)
			if c.Line.Value == "" && !c.deletes() && full[id] {
				on(c)("the cookie is emptied, not deleted: add Max-Age=0",
					func(k *cookie.Cookie) { *k = *k.Deletion() })
			}
			full[id] = c.Line.Value != "" && !c.deletes()
		}
	},
}
