package e2e_test

import (
	"net/http"
	"strconv"
	"testing"

	"coatcheck.dev/test/internal/browser"
)

// An operator who only has a keyboard looks for sessions, ends what was found, and reads in the history that it was
// they. Each of the pages has nothing to say to axe, on a phone as on a desk, in light and dark.
func TestEndWhatWasFoundByKeyboard(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	const visitors = 105
	for i := range visitors {
		v := newVisitor(t, h.site)
		v.header.Set("User-Agent", "curl/8.14."+strconv.Itoa(i))
		v.post("/cart", "item", "biscuits")
	}
	ada := newVisitor(t, h.site)
	ada.do(http.MethodPost, "/login", "user", "ada", "password", passwords["ada"])

	b := browser.Start(t, browser.Options{})
	b.Navigate(h.link)
	b.AwaitText("h1", "live session")
	b.Navigate(h.console + "/?signed_in=no")
	b.AwaitText("h1", "105 sessions found")
	press(t, b, "End these 105…")
	b.AwaitText("h1", "End these 105 sessions?")
	accessible(t, b, "asked")
	b.Fill("#reason", "crawlers")
	b.Fill("#confirm", "105")
	press(t, b, "End all 105")
	b.AwaitText("h1", "105 sessions have ended")
	accessible(t, b, "ended")
	press(t, b, "In the history")
	b.AwaitText(".line", "crawlers")
	accessible(t, b, "history")

	b.Navigate(h.console + "/endings")
	b.AwaitText(".line", "105 of 105")
	accessible(t, b, "endings")
	b.Navigate(h.console + "/not-before")
	accessible(t, b, "not-before")
	b.Fill("#user", "ada")
	browser.Eval[bool](b, `document.getElementById("before").value = "2026-01-01T00:00"; true`)
	press(t, b, "Show what would end")
	b.AwaitText("h1", "End what ada began by then?")
	accessible(t, b, "not-before-asked")
	b.Navigate(h.console + "/erase-history?user=ada")
	accessible(t, b, "erase")
	b.Navigate(h.console + "/?user=ada")
	press(t, b, browser.Eval[string](b, `document.querySelector("#rows a").textContent`))
	b.AwaitText(".line", "signed in")
	accessible(t, b, "session")
	press(t, b, "End it")
	b.AwaitText("h1", "session")
	b.Navigate(h.console + "/history?kind=session_revoked&user=ada")
	b.AwaitText(".line", "ended")
	press(t, b, browser.Eval[string](b, `document.querySelector(".line li span a[href^='/session/']").textContent`))
	b.AwaitText("h1", "This session has ended")
	b.AwaitText(".ticket p:not(.stub)", "ended by operator")
	accessible(t, b, "gone")
}

// press goes from one thing to the next by the Tab key until it has come to that with these words, and presses Enter
// there.
func press(t *testing.T, b *browser.Browser, words string) {
	t.Helper()
	const tabs = 300
	for range tabs {
		b.Press("\t")
		if browser.Eval[string](b, `document.activeElement.textContent.trim()`) == words {
			b.Enter()
			return
		}
	}
	t.Fatalf("there is no way to %q by the keyboard", words)
}
