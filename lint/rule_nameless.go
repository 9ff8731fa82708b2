package lint

import (
	"coatcheck.dev/cookie"
)

var ruleNameless = &Rule{
	ID:       "nameless",
	Title:    "A cookie without a name",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.6, step 3",
	Since:    "0.1",
	Text:     "Browsers keep it and send its bare value back, which servers read as a name, or not at all; with a '=' inside, Chrome drops it.",
	each: func(c *Cookie, report reporter) {
		if c.Line.Name == "" && c.Line.Value != "" && !c.dropped(cookie.ExcludeInvalidPrefix) {
			report("there is no name: what a server gets back has no '=', and many drop it")
		}
	},
}
