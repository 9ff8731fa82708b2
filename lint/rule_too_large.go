package lint

import (
	"fmt"

	"coatcheck.dev/cookie"
)

var ruleTooLarge = &Rule{
	ID:       "too-large",
	Title:    "Name and value of more than 4096 bytes",
	Severity: Error,
	Citation: cookie.ExcludeNameValuePairExceedsMaxSize.Section(),
	Text:     "Browsers drop a cookie of more than 4096 bytes in name and value. Keep the data on the server.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeNameValuePairExceedsMaxSize) {
			report(fmt.Sprintf("name and value have %d bytes, and browsers drop the cookie over %d",
				len(c.Line.Name)+len(c.Line.Value), cookie.MaxNameValue))
		}
	},
}
