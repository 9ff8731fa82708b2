package e2e_test

import (
	"testing"

	"coatcheck.dev/test/internal/browser"
	"github.com/chromedp/chromedp/kb"
)

// The console by keyboard alone: keys lead to the search, from row to row and to what the keys are; after an end the
// focus is on the next row, and the notice names user and browser. When the program is gone the page says since when,
// and nothing on it can be pressed until it is back.
func TestConsoleByKeyboard(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	for _, user := range []string{"ada", "grace", "alan"} {
		visitor := newVisitor(t, h.site)
		visitor.signIn(user)
	}
	b := browser.Start(t, browser.Options{})
	b.Navigate(h.link)
	b.AwaitText("h1", "3 live sessions")
	b.AwaitText("#state", "Live") // the keys are heard from then on
	focus := func(what string) string {
		t.Helper()
		return browser.Eval[string](b, "(document.activeElement."+what+") || ''")
	}
	row := func() string { return focus("closest('tr')?.querySelector('.who').innerText") }

	b.Press("/")
	if got := focus("form?.className"); got != "search" {
		t.Errorf("/ leads to %q", got)
	}
	browser.Eval[bool](b, "document.activeElement.blur(), true")
	b.Press("?")
	b.AwaitText("dialog[open]", "search")
	accessible(t, b, "keys")
	b.Press(kb.Enter)
	b.AwaitCount("dialog[open]", 0)

	browser.Eval[bool](b, "document.activeElement.blur(), true")
	b.Press(kb.ArrowDown)
	first := row()
	b.Press(kb.ArrowDown)
	second := row()
	b.Press(kb.ArrowUp)
	if first == "" || first == second || row() != first {
		t.Errorf("arrows lead to %q, %q and %q", first, second, row())
	}
	for range 4 {
		if focus("tagName") == "BUTTON" {
			break
		}
		b.Press(kb.Tab)
	}
	b.Press(kb.Enter)
	b.AwaitText("#notice", "The session of ")
	b.AwaitText("#count h1", "2 live sessions")
	if got := row(); got != second {
		t.Errorf("after an end the focus is at %q, want %q", got, second)
	}

	b.AwaitCount("#rows tr", 2)
	h.Kill()
	b.AwaitText("#state", "No answer since ")
	b.AwaitCount("main button:not(dialog button):not(:disabled)", 0)
	accessible(t, b, "gone")
}
