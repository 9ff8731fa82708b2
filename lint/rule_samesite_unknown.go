package lint

import (
	"fmt"

	"coatcheck.dev/cookie"
)

var ruleSamesiteUnknown = &Rule{
	ID:       "samesite-unknown",
	Title:    "An unknown SameSite",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.6.7",
	Text: "Browsers know Strict, Lax and None. Anything else counts as no SameSite at all, and undoes an " +
		"earlier one.",
	each: func(c *Cookie, report reporter) {
		if a, ok := c.applied("SameSite"); ok && c.Line.SameSite == cookie.SameSiteUnset {
			report(fmt.Sprintf("SameSite=%q is not Strict, Lax or None and counts as unset", a.Value),
				func(k *cookie.Cookie) { k.SameSite = cookie.SameSiteLax })
		}
	},
}
