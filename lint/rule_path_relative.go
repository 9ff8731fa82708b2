package lint

import (
	"fmt"
	"strings"

	"coatcheck.dev/cookie"
)

var rulePathRelative = &Rule{
	ID:       "path-relative",
	Title:    "Path that does not begin with a slash",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.6.4",
	Since:    "0.1",
	Text:     "Such a Path counts for nothing, and undoes an earlier one: the cookie is for the folder of the URL that set it.",
	each: func(c *Cookie, report reporter) {
		if a, ok := c.applied("Path"); ok && !strings.HasPrefix(a.Value, "/") {
			report(fmt.Sprintf("Path=%q does not begin with a slash: the cookie is for %s, the folder of the URL", a.Value, c.stored().Path), func(k *cookie.Cookie) { k.Path = "/" + a.Value })
		}
	},
}
