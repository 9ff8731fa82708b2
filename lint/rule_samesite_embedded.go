package lint

import "coatcheck.dev/cookie"

var ruleSamesiteEmbedded = &Rule{
	ID:       "samesite-embedded",
	Title:    "Set for an embedding page without SameSite=None",
	Severity: Warning,
	Citation: cookie.ExcludeSameSiteLax.Section(),
	Text: "A page of another site embeds this image, script or frame. Its response can set no cookie with " +
		"Strict or Lax, nor one without SameSite except in Firefox. If the cookie is for embedded pages, use " +
		"SameSite=None, Secure and Partitioned. Otherwise do not set it in such responses.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeSameSiteStrict) || c.dropped(cookie.ExcludeSameSiteLax) ||
			c.dropped(cookie.ExcludeSameSiteUnspecifiedTreatedAsLax) {
			report("a page of another site asked for this, and browsers drop what is not SameSite=None: say that, "+
				"with Secure and Partitioned, or do not set it here", func(k *cookie.Cookie) {
				k.SameSite, k.Secure, k.Partitioned = cookie.SameSiteNone, true, true
			})
		}
	},
}
