package jar

import (
	"time"

	"coatcheck.dev/cookie"
)

// ToASCII is for vectors that write hosts in Unicode.
var ToASCII = canonicalName

// Contexts by the names that Chromium's tests have for them.
var Contexts = map[string]siteContext{
	"CROSS_SITE": crossSite, "SAME_SITE_LAX_METHOD_UNSAFE": laxUnsafe, "SAME_SITE_LAX": lax, "SAME_SITE_STRICT": strict,
}

// IncludeIn is Include for contexts that no real request has. legacy is Chromium's policy for sites that an administrator
// exempts: no default SameSite, and sites without their scheme.
func IncludeIn(c *Cookie, byHost, context siteContext, legacy bool, now time.Time) cookie.Reasons {
	rules := profiles[Chrome]
	if legacy {
		rules.unsetIsLax = false
	}
	a := access{rules: &rules, now: now, cookieable: true, encrypted: true, secure: true, host: c.Domain, path: c.Path}
	a.sites = sites{context: context, byHost: byHost, byScheme: context, withRedirects: context, ignoreRedirect: context}
	if legacy {
		a.sites.context = byHost
	}
	return a.include(c)
}
