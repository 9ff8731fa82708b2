package lint

import (
	"coatcheck.dev/cookie"
)

var ruleSecureOverHttp = &Rule{
	ID:       "secure-over-http",
	Title:    "Secure over http",
	Severity: Error,
	Citation: "RFC 6265bis section 5.7, step 13",
	Since:    "0.1",
	Text:     "A Secure cookie can be set over https only. On localhost, Chrome and Firefox make an exception and Safari does not, which is no finding.",
	each: func(c *Cookie, report reporter) {
		if c.Outcomes[0].decided() == cookie.ExcludeSecureOnly && !c.deletes() {
			report("Secure over http: the cookie is dropped; serve the site over https")
		}
	},
}
