package auth

import (
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/identity"
)

// alsoForwarded are headers of X-Forwarded-* that no proxy sets for the app, for those that drop a header by its name
// alone.
var alsoForwarded = []string{
	"x-forwarded-by", "x-forwarded-method", "x-forwarded-prefix", "x-forwarded-scheme", "x-forwarded-server",
	"x-forwarded-ssl", "x-forwarded-uri", "x-forwarded-url",
}

// Misleading are the headers of a client that go no further, as at the gate.
func (Site) Misleading() []string { return append(identity.MisleadingNames(), alsoForwarded...) }

// MisleadingSpellings are these headers, and with "_" in their names, for proxies that let such names through.
func (s Site) MisleadingSpellings() []string {
	names := s.Misleading()
	for _, name := range s.Misleading() {
		if spelt := strings.ReplaceAll(name, "-", "_"); spelt != name {
			names = append(names, spelt)
		}
	}
	return names
}

// MisleadingPattern is a regular expression of the names of these headers in all spellings, in lower case.
func (s Site) MisleadingPattern() string {
	return "^(" + strings.ReplaceAll(strings.Join(s.Misleading(), "|"), "-", "[^a-z0-9]") + ")$"
}
