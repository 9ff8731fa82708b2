package lint

var ruleSetTwice = &Rule{
	ID:       "set-twice",
	Title:    "A cookie set twice in one response",
	Severity: Warning,
	Citation: "RFC 6265bis section 4.1.1",
	Text:     "The outcome depends on the order in which a client reads.",
	all: func(s *site, on func(*Cookie) reporter) {
		last := map[identity]int{}
		for _, c := range s.cookies {
			id := identityOf(c)
			if response, ok := last[id]; ok && response == c.response {
				on(c)("the same response has set this cookie before: set it once")
			}
			last[id] = c.response
		}
	},
}
