package console_test

import (
	"strings"
	"testing"
)

// The navigation stands on each page of an operator, and says which one this is.
func TestNavigation(t *testing.T) {
	d := newDesk(t)
	b := d.operator()
	for path, label := range map[string]string{
		"/": "Sessions", "/history": "History", "/charts": "Charts", "/endings": "Endings",
		"/not-before": "End by time", "/webhooks": "Webhooks", "/explain": "Explain a cookie",
	} {
		here := `<a href="` + path + `" aria-current="page">` + label + `</a>`
		if got := b.get(path).body; !strings.Contains(got, here) || strings.Count(got, "aria-current") != 1 {
			t.Errorf("%s does not say where it is:\n%s", path, got)
		}
	}
	if got := d.browser().get("/sign-in").body; strings.Contains(got, "<nav") {
		t.Errorf("a stranger is shown around:\n%s", got)
	}
}
