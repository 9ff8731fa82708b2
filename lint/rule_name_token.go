package lint

import "strings"

var ruleNameToken = &Rule{
	ID:       "name-token",
	Title:    "A name that is not a token",
	Severity: Warning,
	Citation: "RFC 6265bis section 4.1.1",
	Text: "Browsers take almost any name. Servers and other clients, such as Go's net/http, drop names that are " +
		"not tokens of HTTP.",
	each: func(c *Cookie, report reporter) {
		if strings.ContainsFunc(c.Line.Name, notToken) && c.keptAnywhere() {
			report("the name has other characters than letters, digits and !#$%&'*+-.^_`|~, and some servers and " +
				"clients drop it")
		}
	},
}

func notToken(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune("()<>@,;:\\\"/[]?={}", r)
}
