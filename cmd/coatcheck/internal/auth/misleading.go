package auth

import "coatcheck.dev/cmd/coatcheck/internal/identity"

// alsoForwarded are headers of X-Forwarded-* that no proxy sets for the app, for those that drop a header by its name
// alone.
var alsoForwarded = []string{
	"x-forwarded-by", "x-forwarded-method", "x-forwarded-prefix", "x-forwarded-scheme", "x-forwarded-server",
	"x-forwarded-ssl", "x-forwarded-uri", "x-forwarded-url",
}

// Misleading are the headers of a client that go no further, as at the gate.
func (Site) Misleading() []string { return append(identity.MisleadingNames(), alsoForwarded...) }
