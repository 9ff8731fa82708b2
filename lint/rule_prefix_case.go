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
	Citation: cookie.ExcludeInvalidPrefix.Section() + "; WebKit change 72339",
	Text:     "Chrome and Firefox enforce a prefix in any case of letters, Safari only in this one.",
	each: func(c *Cookie, report reporter) {
		if p := cookie.PrefixOf(c.Line.Name); p != cookie.NoPrefix && !strings.HasPrefix(c.Line.Name, p.String()) {
			report(fmt.Sprintf("Safari knows the prefix only as %s", p),
				func(k *cookie.Cookie) { k.Name = p.String() + k.Name[len(p.String()):] })
		}
	},
}
