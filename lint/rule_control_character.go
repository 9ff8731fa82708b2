package lint

import (
	"coatcheck.dev/cookie"
)

var ruleControlCharacter = &Rule{
	ID:       "control-character",
	Title:    "Control characters in the line",
	Severity: Error,
	Citation: "RFC 6265bis section 5.6, step 1",
	Since:    "0.1",
	Text:     "A control character other than tab, anywhere in the line, makes browsers drop the whole cookie. Encode the value.",
	each: func(c *Cookie, report reporter) {
		if c.Line.Reasons.Has(cookie.ExcludeDisallowedCharacter) {
			report("a control character makes every browser drop it: encode the value")
		}
	},
}
