package lint

import (
	"fmt"

	"coatcheck.dev/jar"
)

var ruleHeaderSize = &Rule{
	ID:       "header-size",
	Title:    "A Cookie header of more than 8 KB",
	Severity: Warning,
	Citation: "RFC 9110 section 5.4; common limits of servers and proxies",
	Text:     "Many servers and proxies answer 400 or 431 to a header of more than 8 KB.",
	all: func(s *site, on func(*Cookie) reporter) {
		told := map[string]bool{}
		for _, u := range s.urls {
			r := &jar.Request{URL: u, Kind: jar.Navigation}
			n := len("Cookie: ") + len(s.jar.Header(r))
			if n <= maxHeader || told[u.Hostname()] {
				continue
			}
			told[u.Hostname()] = true
			if c := s.largest(s.jar.Get(r)); c != nil {
				on(c)(fmt.Sprintf("requests for %s carry %d bytes of cookies, most of all in this one; many servers "+
					"refuse more than %d", u.Host, n, maxHeader))
			}
		}
	},
}

// maxHeader is the size of a header line, in bytes, in Apache, nginx and the like.
const maxHeader = 8 << 10

// largest returns the largest of the sent cookies.
func (s *site) largest(sent []jar.Cookie) (found *Cookie) {
	carried := map[identity]bool{}
	for i := range sent {
		k := &sent[i]
		carried[identity{k.Name, k.Domain, k.Path, k.HostOnly, k.Partition}] = true
	}
	for _, c := range s.live {
		if carried[identityOf(c)] && (found == nil ||
			len(c.Line.Name)+len(c.Line.Value) > len(found.Line.Name)+len(found.Line.Value)) {
			found = c
		}
	}
	return found
}
