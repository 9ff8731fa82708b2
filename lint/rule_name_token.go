package lint

import (
	"strings"
)

var ruleNameToken = &Rule{
	ID:       "name-token",
	Title:    "A name that is no token",
	Severity: Warning,
	Citation: "RFC 6265bis section 4.1.1",
	Since:    "0.1",
	Text:     "Browsers take almost any name; servers and other clients, Go's net/http among them, drop those that are no token of HTTP.",
	each: func(c *Cookie, report reporter) {
		if strings.ContainsFunc(c.Line.Name, notToken) && c.keptAnywhere() {
			report("the name has characters beyond letters, digits and !#$%&'*+-.^_`|~, which some servers and clients drop")
		}
	},
}

func notToken(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune("()<>@,;:\\\"/[]?={}", r)
}
