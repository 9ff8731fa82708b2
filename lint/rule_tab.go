package lint

var ruleTab = &Rule{
	ID:       "tab",
	Title:    "A tab inside the line",
	Severity: Error,
	Citation: "RFC 6265bis section 5.6, step 1",
	Text:     "The standard allows tabs inside a name or a value, but Chrome drops the cookie.",
	each: func(c *Cookie, report reporter) {
		if c.Line.InnerTab() && !c.Line.Reasons.Excluded() {
			report("Chrome drops a cookie with a tab inside: encode the value")
		}
	},
}
