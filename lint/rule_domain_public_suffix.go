package lint

import (
	"fmt"
	"strings"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

var ruleDomainPublicSuffix = &Rule{
	ID:       "domain-public-suffix",
	Title:    "A Domain that is a public suffix",
	Severity: Error,
	Citation: "RFC 6265bis section 5.7, step 9",
	Text:     "Strangers share a public suffix, so browsers drop cookies for it.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeInvalidDomain) && c.publicSuffix() {
			report(fmt.Sprintf("Domain=%s is a public suffix: every browser drops it", c.Line.Domain),
				func(k *cookie.Cookie) { k.Domain = "" })
		}
	},
}

// publicSuffix reports whether Domain is a public suffix above the host.
func (c *Cookie) publicSuffix() bool {
	return strings.HasSuffix(c.URL.Hostname(), "."+c.Line.Domain) && jar.RegistrableDomain(c.Line.Domain) == ""
}
