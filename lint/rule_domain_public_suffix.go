package lint

import (
	"fmt"
	"strings"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

var ruleDomainPublicSuffix = &Rule{
	ID:       "domain-public-suffix",
	Title:    "Domain that is a public suffix",
	Severity: Error,
	Citation: "RFC 6265bis section 5.7, step 9",
	Since:    "0.1",
	Text:     "A public suffix is shared by strangers: cookies for it are dropped.",
	each: func(c *Cookie, report reporter) {
		if c.dropped(cookie.ExcludeInvalidDomain) && c.publicSuffix() {
			report(fmt.Sprintf("Domain=%s is a public suffix: every browser drops it", c.Line.Domain), func(k *cookie.Cookie) { k.Domain = "" })
		}
	},
}

// publicSuffix reports whether Domain is one that the host is below.
func (c *Cookie) publicSuffix() bool {
	return strings.HasSuffix(c.URL.Hostname(), "."+c.Line.Domain) && jar.RegistrableDomain(c.Line.Domain) == ""
}
