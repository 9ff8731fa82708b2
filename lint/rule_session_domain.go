package lint

var ruleSessionDomain = &Rule{
	ID:       "session-domain",
	Title:    "A session cookie for all hosts below",
	Severity: Warning,
	Citation: "RFC 6265bis section 8.6",
	Text:     "With Domain, every host below gets the cookie and can set it." + sessionNames,
	each: func(c *Cookie, report reporter) {
		if c.session() && c.Line.Domain != "" && c.Line.Secure {
			report("every host below the Domain gets what looks like a session cookie: leave Domain out, and begin "+
				"the name with __Host-", hostPrefix)
		}
	},
}
