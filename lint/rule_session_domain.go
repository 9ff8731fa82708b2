package lint

var ruleSessionDomain = &Rule{
	ID:       "session-domain",
	Title:    "A session cookie for all hosts below",
	Severity: Warning,
	Citation: "RFC 6265bis section 8.6",
	Since:    "0.1",
	Text:     "With Domain, every host below it gets the cookie and can set it. Meant are names such as sid, session, auth, login, token.",
	each: func(c *Cookie, report reporter) {
		if c.session() && c.keptAnywhere() && !c.deletes() && c.Line.Domain != "" && c.Line.Secure {
			report("every host below the Domain gets a cookie that looks like a session's: leave Domain out, and begin the name with __Host-", hostPrefix)
		}
	},
}
