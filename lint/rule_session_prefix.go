package lint

import "coatcheck.dev/cookie"

var ruleSessionPrefix = &Rule{
	ID:       "session-prefix",
	Title:    "A session cookie without __Host-",
	Severity: Warning,
	Citation: "ASVS 5.0 3.3.3; RFC 6265bis section 4.1.3.2",
	Text: "Any host of the site, and anybody on the way over http, can plant a cookie of this name. The prefix " +
		"__Host- prevents that." + sessionNames,
	each: func(c *Cookie, report reporter) {
		if c.session() && c.Line.Secure && c.Line.Domain == "" &&
			!cookie.PrefixOf(c.Line.Name).HostOnly() {
			report("other hosts of the site can plant a cookie of this name: begin it with __Host-", hostPrefix)
		}
	},
}

// hostPrefix makes a cookie one that only its host can set.
func hostPrefix(k *cookie.Cookie) {
	p := cookie.PrefixOf(k.Name)
	if !p.HostOnly() {
		host := cookie.HostPrefix
		if p.HTTPOnly() {
			host = cookie.HostHTTPPrefix
		}
		k.Name, p = host.String()+k.Name[len(p.String()):], host
	}
	keepPrefix(p)(k)
}
