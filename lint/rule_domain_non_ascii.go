package lint

import "coatcheck.dev/cookie"

var ruleDomainNonAscii = &Rule{
	ID:       "domain-non-ascii",
	Title:    "A Domain beyond ASCII",
	Severity: Error,
	Citation: cookie.ExcludeDomainNonASCII.Section(),
	Text:     "Browsers drop a Domain with bytes beyond ASCII. Write it in punycode.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeDomainNonASCII) {
			report("Domain has bytes beyond ASCII, and browsers drop the cookie: write it in punycode, or leave it out",
				func(k *cookie.Cookie) { k.Domain = "" })
		}
	},
}
