package lint

import "coatcheck.dev/cookie"

var ruleSecureOverHttp = &Rule{
	ID:       "secure-over-http",
	Title:    "Secure over http",
	Severity: Error,
	Citation: cookie.ExcludeSecureOnly.Section(),
	Text: "A Secure cookie can be set over https only. On localhost Chrome and Firefox make an exception and " +
		"Safari does not; that is no finding.",
	each: func(c *Cookie, report reporter) {
		if c.Outcomes[0].decided() == cookie.ExcludeSecureOnly && !c.deletes() {
			report("Secure over http, and browsers drop the cookie: serve the site over https")
		}
	},
}
