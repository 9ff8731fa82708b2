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
	Since:    "0.1",
	Text:     "Set-Cookie lines must not be joined by commas: a browser takes all but the first for a part of the first. A proxy or a library has joined them.",
	each: func(c *Cookie, report reporter) {
		if c.folded() {
			report("it looks like several Set-Cookie headers joined by a comma: only one cookie of them is set")
		}
	},
}

// folded reports whether a comma is followed by what looks like another cookie.
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
