package lint

import (
	"fmt"
	"net/http"
	"time"

	"coatcheck.dev/cookie"
)

var ruleExpiresFormat = &Rule{
	ID:       "expires-format",
	Title:    "An Expires for only some parsers",
	Severity: Warning,
	Citation: "RFC 9110 section 5.6.7; RFC 6265bis section 4.1.1",
	Text: "Browsers read dates in almost any form. Others, such as Go's net/http, read one or two forms. They " +
		"take the rest for a session cookie, so that a deletion does not delete.",
	each: func(c *Cookie, report reporter) {
		a, ok := c.applied("Expires")
		if _, err := time.Parse(http.TimeFormat, a.Value); ok && err != nil {
			report(fmt.Sprintf("Expires=%.40q is not written like %q, and some clients cannot read it", a.Value,
				http.TimeFormat), func(k *cookie.Cookie) {
				if !k.Expires.IsZero() {
					k.MaxAge, k.Expires = k.Expires.Sub(c.now), time.Time{}
				}
			})
		}
	},
}
