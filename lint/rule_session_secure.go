package lint

var ruleSessionSecure = &Rule{
	ID:       "session-secure",
	Title:    "A session cookie without Secure",
	Severity: Error,
	Citation: "ASVS 5.0 3.3.1; RFC 6265bis section 8.3",
	Since:    "0.1",
	Text:     "It goes over http as well, where everybody on the way reads and replaces it. Meant are names such as sid, session, auth, login, token.",
	each: func(c *Cookie, report reporter) {
		if c.session() && c.keptAnywhere() && !c.deletes() && !c.Line.Secure {
			report("a cookie that looks like a session's goes over http, too: add Secure, and begin the name with __Host-", hostPrefix)
		}
	},
}
