package lint

import (
	"strings"

	"coatcheck.dev/cookie"
)

var ruleCommaFolded = &Rule{
	ID:       "comma-folded",
	Title:    "Several cookies in one header",
	Severity: Error,
	Citation: "RFC 9110 section 5.3; RFC 6265bis section 3",
	Text: "Set-Cookie lines must not be joined by commas: a browser takes the other cookies for a part of the " +
		"first. A proxy or a library has joined them.",
	each: func(c *Cookie, report reporter) {
		if c.folded() {
			report("this looks like several Set-Cookie headers joined by a comma: only one of the cookies is set")
		}
	},
}

// folded reports whether something like another cookie follows a comma.
func (c *Cookie) folded() bool {
	if len(c.Line.Raw) > cookie.MaxLine {
		return false
	}
	for rest := c.Line.Raw; ; {
		_, after, found := strings.Cut(rest, ", ")
		if !found {
			return false
		}
		name, _, found := strings.Cut(after, "=")
		if found && name != "" && !strings.ContainsFunc(name, notToken) {
			return true
		}
		rest = after
	}
}
