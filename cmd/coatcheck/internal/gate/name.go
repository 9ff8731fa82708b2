package gate

import (
	"net/http"
	"strings"
)

// The headers of the contract, in Go's canonical spelling.
const (
	headerUser    = "Coatcheck-User"
	headerSession = "Coatcheck-Session"
	headerData    = "Coatcheck-Data"

	headerSignIn  = "Coatcheck-Sign-In"
	headerSignOut = "Coatcheck-Sign-Out"
	headerSet     = "Coatcheck-Set"
	headerDelete  = "Coatcheck-Delete"
)

// reserved reports whether a header's name is Coatcheck's in any spelling that some server might take for it. Servers
// that hand headers on as variables (CGI, WSGI, PHP) write '-' as '_', and some write every other sign so, too.
func reserved(name string) bool {
	const prefix = "coatcheck"
	if len(name) < len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) {
		return false
	}
	return len(name) == len(prefix) || !alphanumeric(name[len(prefix)])
}

// forwarding reports whether a header's name, in any spelling, is one by which proxies tell where a request came from.
func forwarding(name string) bool {
	name = plain(name)
	return strings.HasPrefix(name, "x-forwarded-") || name == "forwarded" || name == "x-real-ip"
}

// plain returns the name in lower case with '-' for every sign that is neither letter nor digit.
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
