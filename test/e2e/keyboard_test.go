package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"coatcheck.dev/test/internal/browser"
	"github.com/chromedp/chromedp/kb"
)

// Visitors without a mouse, whose browser runs no script, say no, change their mind on the page and take it back: the
// banner is the first thing that the keyboard comes to, but for the link past the menu, and the focus shows.
func TestConsentByKeyboardWithoutScripts(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	b := browser.Start(t, browser.Options{
		Preferences: `{"profile": {"default_content_setting_values": {"javascript": 2}}}`,
	})
	lively := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<title>off</title><script>document.title = "on"</script>`)
	}))
	t.Cleanup(lively.Close)
	b.Navigate(lively.URL)
	if got := browser.Eval[string](b, "document.title"); got != "off" {
		t.Fatal("the browser runs scripts, so this test would see nothing")
	}

	b.Navigate(h.site + "/")
	tabTo(t, b, ".skip")
	for _, want := range []string{"reject", "accept", "settings"} {
		b.Press(kb.Tab)
		const focus = `document.activeElement.dataset.coatcheckConsent + " " +
			(getComputedStyle(document.activeElement).outlineStyle !== "none" ? "shows" : "hides")`
		if got := browser.Eval[string](b, focus); got != want+" shows" {
			t.Errorf("the keyboard comes to %q, want %q", got, want+" shows")
		}
	}
	b.Navigate(h.site + "/")
	tabTo(t, b, "[data-coatcheck-consent=reject]")
	b.Enter()
	if got := b.Location(); got != h.site+"/" {
		t.Errorf("after no the browser is at %s", got)
	}
	if n := len(b.Texts(".consent-banner")); n != 0 {
		t.Error("the visitor is asked again")
	}
	wander(b, h.site)
	keeps(t, b, "after no", consentCookie)

	tabTo(t, b, `footer a[href^="/consent/"]`)
	b.Enter()
	tabTo(t, b, "input[value=analytics]")
	b.Press(" ")
	tabTo(t, b, consentChoose)
	b.Enter()
	wander(b, h.site)
	keeps(t, b, "after yes to statistics", consentCookie, visitorCookie)

	b.Navigate(h.site + "/consent/")
	tabTo(t, b, consentNothing)
	b.Enter()
	wander(b, h.site)
	keeps(t, b, "after it was taken back", consentCookie)
}

// tabTo presses Tab until an element has the focus.
func tabTo(t *testing.T, b *browser.Browser, selector string) {
	t.Helper()
	for range 60 {
		b.Press(kb.Tab)
		if browser.Eval[bool](b, "document.activeElement.matches(`"+selector+"`)") {
			return
		}
	}
	t.Fatalf("the keyboard never comes to %s", selector)
}
