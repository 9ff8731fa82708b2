package lint

import "coatcheck.dev/cookie"

var ruleControlCharacter = &Rule{
	ID:       "control-character",
	Title:    "Control characters in the line",
	Severity: Error,
	Citation: cookie.ExcludeDisallowedCharacter.Section(),
	Text:     "Browsers drop a cookie with a control character anywhere in the line, tabs aside. Encode the value.",
	each: func(c *Cookie, report reporter) {
		if c.Line.Reasons.Has(cookie.ExcludeDisallowedCharacter) {
			report("a control character makes Chrome, Firefox and Safari drop it: encode the value")
		}
	},
}
