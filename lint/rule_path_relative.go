package lint

import (
	"fmt"
	"strings"

	"coatcheck.dev/cookie"
)

var rulePathRelative = &Rule{
	ID:       "path-relative",
	Title:    "A Path without a leading slash",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.6.4",
	Text: "Such a Path has no effect, but undoes an earlier one: the cookie is for the folder of the URL that " +
		"set it.",
	each: func(c *Cookie, report reporter) {
		if a, ok := c.applied("Path"); ok && !strings.HasPrefix(a.Value, "/") {
			report(fmt.Sprintf("Path=%q has no leading slash: the cookie is for %s, the folder of the URL",
				a.Value, c.stored().Path), func(k *cookie.Cookie) { k.Path = "/" + a.Value })
		}
	},
}
