package console_test

import (
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/lint"
)

// TestCookiesAreClean: there is nothing to say about the cookies of an operator's day.
func TestCookiesAreClean(t *testing.T) {
	d := newDesk(t, func(o *console.Options) { o.Hosts = []string{"www.site.example"} }) // that of lint's requests
	report := lint.Handler(t, d.server.Config.Handler,
		lint.Get("/"), lint.PostForm("/sign-in", "token", "wrong"), lint.Get(path(d.console.SignInLink())),
		lint.Get("/"),
		lint.PostForm("/sessions/end", "user", "ann"), lint.PostForm("/sign-out"),
		lint.PostForm("/sign-in", "token", token), lint.Get("/"),
		lint.PostForm("/sign-out"),
	)
	if n := report.Count(lint.Note); n > 0 {
		t.Errorf("%d findings", n)
	}
	deletions := 0
	for i := range report.Cookies {
		c := &report.Cookies[i]
		for _, o := range c.Outcomes {
			if !o.Kept() {
				t.Errorf("%s drops %s: %v", o.Browser, c.Line.Name, o.Reasons)
			}
		}
		if c.Outcomes[0].Deletes {
			deletions++
		}
	}
	if len(report.Cookies) < 4 || deletions != 2 {
		t.Errorf("%d cookies, %d of them deletions: less than there are", len(report.Cookies), deletions)
	}
}
