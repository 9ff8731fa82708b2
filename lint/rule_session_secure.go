package lint

var ruleSessionSecure = &Rule{
	ID:       "session-secure",
	Title:    "A session cookie without Secure",
	Severity: Error,
	Citation: "ASVS 5.0 3.3.1; RFC 6265bis section 8.3",
	Text:     "It goes over http as well, and anybody on the way can read and replace it." + sessionNames,
	each: func(c *Cookie, report reporter) {
		if c.session() && !c.Line.Secure {
			report("what looks like a session cookie goes over http, too: add Secure, and begin the name with __Host-",
				hostPrefix)
		}
	},
}
