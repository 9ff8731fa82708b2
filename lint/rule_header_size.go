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
	Since:    "0.1",
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
				on(c)(fmt.Sprintf("requests for %s carry %d bytes of cookies, of which this one is the largest; more than %d are refused by many servers", u.Host, n, maxHeader))
			}
		}
	},
}

// maxHeader is how many bytes a header line may have with Apache, nginx and their like.
const maxHeader = 8 << 10

// largest finds the largest of some cookies among those that were set.
func (s *site) largest(sent []jar.Cookie) (found *Cookie) {
	carried := map[identity]bool{}
	for i := range sent {
		k := &sent[i]
		carried[identity{k.Name, k.Domain, k.Path, k.HostOnly, k.Partition}] = true
	}
	for _, c := range s.live {
		if carried[identityOf(c)] && (found == nil || len(c.Line.Name)+len(c.Line.Value) > len(found.Line.Name)+len(found.Line.Value)) {
			found = c
		}
	}
	return found
}
