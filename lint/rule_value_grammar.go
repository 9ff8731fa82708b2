package lint

import "strings"

var ruleValueGrammar = &Rule{
	ID:       "value-grammar",
	Title:    "A value that some servers cannot read",
	Severity: Warning,
	Citation: "RFC 6265bis section 4.1.1",
	Text: "Browsers send any bytes back. Many servers and libraries change or drop spaces, commas, quotes " +
		"inside, backslashes and bytes beyond ASCII. Encode the value, for example in base64.",
	each: func(c *Cookie, report reporter) {
		v := c.Line.Value
		if len(v) > 1 && strings.HasPrefix(v, `"`) && strings.HasSuffix(v, `"`) {
			v = v[1 : len(v)-1]
		}
		if strings.ContainsFunc(v, notOctet) && c.keptAnywhere() && !c.folded() && !c.Line.InnerTab() {
			report("the value has spaces, commas, quotes, backslashes or bytes beyond ASCII, which servers read in " +
				"different ways: encode it, as by base64.RawURLEncoding")
		}
	},
}

func notOctet(r rune) bool {
	return r <= ' ' || r > '~' || r == '"' || r == ',' || r == '\\'
}
