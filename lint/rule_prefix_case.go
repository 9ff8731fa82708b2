package lint

import (
	"fmt"
	"strings"

	"coatcheck.dev/cookie"
)

var rulePrefixCase = &Rule{
	ID:       "prefix-case",
	Title:    "A prefix in unusual case",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.7, step 20; WebKit change 72339",
	Since:    "0.1",
	Text:     "Chrome and Firefox hold a prefix to its promise however it is written, Safari only in this case.",
	each: func(c *Cookie, report reporter) {
		if p := cookie.PrefixOf(c.Line.Name); p != cookie.NoPrefix && !strings.HasPrefix(c.Line.Name, p.String()) {
			report(fmt.Sprintf("Safari knows the prefix only as %s", p), func(k *cookie.Cookie) { k.Name = p.String() + k.Name[len(p.String()):] })
		}
	},
}
