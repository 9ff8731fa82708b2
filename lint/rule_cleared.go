package lint

var ruleCleared = &Rule{
	ID:       "cleared",
	Title:    "A cookie that Clear-Site-Data of its own response removes",
	Severity: Error,
	Citation: "Clear-Site-Data section 4.1",
	Text: "Browsers obey Clear-Site-Data after the cookies of the same response, in whichever order the headers " +
		"stand: what the response sets is gone at once.",
	each: func(c *Cookie, report reporter) {
		for i := range c.Outcomes {
			if c.Outcomes[i].Cleared {
				report("the Clear-Site-Data header of the same response removes this cookie again: set it in a later " +
					"response, or leave \"cookies\" out of that header")
				return
			}
		}
	},
}
