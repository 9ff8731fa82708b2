package jar

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"coatcheck.dev/cookie"
)

// Contexts by the names that Chromium's tests have for them.
var Contexts = map[string]siteContext{
	"CROSS_SITE": crossSite, "SAME_SITE_LAX_METHOD_UNSAFE": laxUnsafe, "SAME_SITE_LAX": lax, "SAME_SITE_STRICT": strict,
}

// IncludeIn is Include for contexts that no real request has. legacy is Chromium's policy for sites that an
// administrator exempts: no default SameSite, and sites without their scheme.
func IncludeIn(c *Cookie, byHost, context siteContext, legacy bool, now time.Time) cookie.Reasons {
	rules := profiles[Chrome]
	if legacy {
		rules.unsetIsLax = false
	}
	a := access{rules: &rules, now: now, cookieable: true, encrypted: true, secure: true, host: c.Domain, path: c.Path}
	a.sites = sites{context: context, byHost: byHost, byScheme: context, withRedirects: context,
		ignoreRedirect: context}
	if legacy {
		a.sites.context = byHost
	}
	return a.include(c)
}

// CheckIndex compares what the jar counts with what it has.
func (j *Jar) CheckIndex() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	x := &j.index
	all, plain, bytes := 0, 0, 0
	for domain, h := range x.hosts {
		if len(h.plain.entries)+len(h.parts) == 0 || x.sites[siteOf(domain)] != h.site || h.name != domain {
			return fmt.Errorf("%s is in the index for nothing", domain)
		}
		for _, b := range append([]*bucket{&h.plain}, slices.Collect(maps.Values(h.parts))...) {
			if !slices.IsSortedFunc(b.entries, before) {
				return fmt.Errorf("%s is not sorted", domain)
			}
			for _, e := range b.entries {
				all++
				bytes += e.size()
				if e.Partition == (Partition{}) {
					plain++
				}
				if e.bucket != b || h.in(e.Partition) != b || h.site.in(e.Partition) != b.group ||
					b.group.buckets[domain] != b {
					return fmt.Errorf("%s has cookies that are not where they are looked for", domain)
				}
			}
		}
	}
	grouped, groupedBytes := 0, 0
	for name, s := range x.sites {
		if len(s.plain.buckets)+len(s.parts) == 0 {
			return fmt.Errorf("site %s is in the index for nothing", name)
		}
		count := func(g *group) error {
			n, size := 0, 0
			for _, b := range g.buckets {
				for _, e := range b.entries {
					n++
					size += len(e.Name) + len(e.Value)
				}
			}
			if n != g.cookies || size != g.bytes || n == 0 && g != &s.plain {
				return fmt.Errorf("site %s counts %d and %d bytes, has %d and %d", name, g.cookies, g.bytes, n, size)
			}
			grouped += n
			groupedBytes += size
			return nil
		}
		for _, g := range append([]*group{&s.plain}, slices.Collect(maps.Values(s.parts))...) {
			if err := count(g); err != nil {
				return err
			}
		}
	}
	if grouped != all || plain != x.plain || bytes != x.bytes {
		return fmt.Errorf("%d cookies and %d in sites; %d of %d plain; %d of %d bytes", all, grouped, x.plain, plain,
			x.bytes, bytes)
	}
	return nil
}
