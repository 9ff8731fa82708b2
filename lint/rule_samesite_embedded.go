package lint

import (
	"coatcheck.dev/cookie"
)

var ruleSamesiteEmbedded = &Rule{
	ID:       "samesite-embedded",
	Title:    "Set for a page of another site without SameSite=None",
	Severity: Warning,
	Citation: "RFC 6265bis section 5.7, step 18",
	Since:    "0.1",
	Text:     "A response to an image, a script or a frame that a page of another site embeds can set no cookie that is Strict, Lax or, but for Firefox, without SameSite. If the cookie is for embedded pages it wants SameSite=None, Secure and Partitioned; if not, such responses should not set it.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeSameSiteStrict) || c.dropped(cookie.ExcludeSameSiteLax) || c.dropped(cookie.ExcludeSameSiteUnspecifiedTreatedAsLax) {
			report("a page of another site asked for this, and browsers drop what is not SameSite=None: say that, with Secure and Partitioned, or do not set it here", func(k *cookie.Cookie) {
				k.SameSite, k.Secure, k.Partitioned = cookie.SameSiteNone, true, true
			})
		}
	},
}
