package lint

import (
	"fmt"
	"strings"

	"coatcheck.dev/cookie"
)

var ruleFlagValue = &Rule{
	ID:       "flag-value",
	Title:    "A flag with a value",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.6.5",
	Text:     "Secure, HttpOnly and Partitioned hold with any value: Secure=false is Secure.",
	each: func(c *Cookie, report reporter) {
		for a := range c.Line.Attributes() {
			if a.Value != "" && a.Fate != cookie.TooLong &&
				(strings.EqualFold(a.Name, "Secure") || strings.EqualFold(a.Name, "HttpOnly") ||
					strings.EqualFold(a.Name, "Partitioned")) && !strings.Contains(a.Value, ",") {
				report(fmt.Sprintf("%s=%.20q counts as %s: a flag has no value", a.Name, a.Value, a.Name),
					asIs)
			}
		}
	},
}
