package lint

import (
	"coatcheck.dev/cookie"
)

var ruleSamesiteNoneInsecure = &Rule{
	ID:       "samesite-none-insecure",
	Title:    "SameSite=None without Secure",
	Severity: Error,
	Citation: "RFC 6265bis section 5.7, step 19",
	Since:    "0.1",
	Text:     "Browsers drop SameSite=None without Secure.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeSameSiteNoneInsecure) {
			report("SameSite=None needs Secure, and the cookie is dropped; unless other sites embed this one, Lax is what is meant", func(k *cookie.Cookie) {
				k.Secure = true
				if !k.Partitioned {
					k.SameSite = cookie.SameSiteLax
				}
			})
		}
	},
}
