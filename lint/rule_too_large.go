package lint

import (
	"fmt"

	"coatcheck.dev/cookie"
)

var ruleTooLarge = &Rule{
	ID:       "too-large",
	Title:    "Name and value of more than 4096 bytes",
	Severity: Error,
	Citation: "RFC 6265bis section 5.6, step 5",
	Since:    "0.1",
	Text:     "Browsers drop a cookie whose name and value have more than 4096 bytes together. Keep the data on the server.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeNameValuePairExceedsMaxSize) {
			report(fmt.Sprintf("name and value have %d bytes; more than %d are dropped", len(c.Line.Name)+len(c.Line.Value), cookie.MaxNameValue))
		}
	},
}
