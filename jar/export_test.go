package jar

import (
	"fmt"
	"maps"
	"slices"
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

// CheckIndex compares what the jar counts with what it has.
func (j *Jar) CheckIndex() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	all, plain, bytes := 0, 0, 0
	for domain, b := range j.domains {
		if len(b.plain)+len(b.parts) == 0 || j.sites[siteOf(domain)] != b.site {
			return fmt.Errorf("%s is in the index for nothing", domain)
		}
		for _, list := range append([][]*entry{b.plain}, slices.Collect(maps.Values(b.parts))...) {
			if !slices.IsSortedFunc(list, before) {
				return fmt.Errorf("%s is not sorted", domain)
			}
			for _, e := range list {
				all++
				bytes += e.size()
				if e.Partition == (Partition{}) {
					plain++
				}
			}
		}
	}
	grouped, groupedBytes := 0, 0
	for name, s := range j.sites {
		if len(s.groups) == 0 {
			return fmt.Errorf("site %s is in the index for nothing", name)
		}
		for p, g := range s.groups {
			n, size := 0, 0
			for _, b := range g.hosts {
				for _, e := range b.in(p) {
					n++
					size += len(e.Name) + len(e.Value)
				}
			}
			if n == 0 || n != g.cookies || size != g.bytes {
				return fmt.Errorf("site %s counts %d and %d bytes, has %d and %d", name, g.cookies, g.bytes, n, size)
			}
			grouped += n
			groupedBytes += size
		}
	}
	if grouped != all || plain != j.plain || bytes != j.bytes {
		return fmt.Errorf("%d cookies and %d in sites; %d of %d plain; %d of %d bytes", all, grouped, j.plain, plain, j.bytes, bytes)
	}
	return nil
}
