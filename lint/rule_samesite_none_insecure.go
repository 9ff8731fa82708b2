package lint

import "coatcheck.dev/cookie"

var ruleSamesiteNoneInsecure = &Rule{
	ID:       "samesite-none-insecure",
	Title:    "SameSite=None without Secure",
	Severity: Error,
	Citation: cookie.ExcludeSameSiteNoneInsecure.Section(),
	Text:     "Browsers drop SameSite=None without Secure.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeSameSiteNoneInsecure) {
			report("SameSite=None needs Secure, and browsers drop the cookie; unless other sites embed this one, "+
				"use Lax", func(k *cookie.Cookie) {
				k.Secure = true
				if !k.Partitioned {
					k.SameSite = cookie.SameSiteLax
				}
			})
		}
	},
}
