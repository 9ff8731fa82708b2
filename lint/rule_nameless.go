package lint

import "coatcheck.dev/cookie"

var ruleNameless = &Rule{
	ID:       "nameless",
	Title:    "A cookie without a name",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.6, step 3",
	Text: "Browsers keep it and send the bare value. Servers read that as a name, or not at all. With a '=' " +
		"inside, Chrome drops it.",
	each: func(c *Cookie, report reporter) {
		if c.Line.Name == "" && c.Line.Value != "" && !c.dropped(cookie.ExcludeInvalidPrefix) {
			report("there is no name, so a server gets a value without '=', and many drop it")
		}
	},
}
