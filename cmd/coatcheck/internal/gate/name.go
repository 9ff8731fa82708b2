package gate

import (
	"net/http"
	"slices"
	"strings"

	"coatcheck.dev/cmd/coatcheck/internal/identity"
)

// The headers of the contract, in Go's canonical spelling.
const (
	headerToken = "Coatcheck-Csrf-Token"

	headerSignIn  = "Coatcheck-Sign-In"
	headerSignOut = "Coatcheck-Sign-Out"
	headerSet     = "Coatcheck-Set"
	headerDelete  = "Coatcheck-Delete"
	headerCache   = "Coatcheck-Cache"
)

const strictTransport = "Strict-Transport-Security"

// reserved reports whether some server might take a header's name for one of Coatcheck's. Servers that hand headers on
// as variables (CGI, WSGI, PHP) write '-' as '_', and some do the same with every other sign.
func reserved(name string) bool {
	const prefix = "coatcheck"
	if len(name) < len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) {
		return false
	}
	return len(name) == len(prefix) || !alphanumeric(name[len(prefix)])
}

// forwarding reports whether proxies tell by this header, in any spelling, where a request came from.
func forwarding(name string) bool {
	name = plain(name)
	return strings.HasPrefix(name, "x-forwarded-") || name == "forwarded" || name == "x-real-ip"
}

// dropped reports whether a client's header goes no further: it is the gate's own, tells of proxies, or is misleading
// and was not asked for.
func (o *Options) dropped(name string) bool {
	if !suspect(name) {
		return false
	}
	if reserved(name) || forwarding(name) {
		return true
	}
	return identity.Misleading(plain(name)) && !slices.ContainsFunc(o.PassHeaders, func(pass string) bool {
		return strings.EqualFold(pass, name)
	})
}

// suspect reports whether a name begins as those do that may go no further. Most headers of a browser do not, and cost
// no more than this.
func suspect(name string) bool {
	if name == "" {
		return false
	}
	switch name[0] | ('a' - 'A') {
	case 'c', 'd', 'f', 'h', 'p', 'r', 't', 'w', 'x':
		return true
	case 's': // not Sec-Fetch-Site and its like, of which each request has several
		return len(name) > 1 && name[1]|('a'-'A') != 'e'
	}
	return false
}

// unfit reports whether a trailer of an answer is not for the browser: one of Coatcheck's headers, or a cookie, which
// nothing would check. Browsers read no cookies there, but a proxy may turn trailers into headers.
func unfit(name string) bool { return reserved(name) || strings.EqualFold(name, "Set-Cookie") }

// plain returns a name in lower case, with '-' for every sign that is neither letter nor digit.
func plain(name string) string {
	b := []byte(name)
	for i, c := range b {
		switch {
		case 'A' <= c && c <= 'Z':
			b[i] = c + 'a' - 'A'
		case !alphanumeric(c):
			b[i] = '-'
		}
	}
	return string(b)
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// strip removes every header that drop reports.
func strip(header http.Header, drop func(name string) bool) {
	for name := range header {
		if drop(name) {
			delete(header, name)
		}
	}
}
