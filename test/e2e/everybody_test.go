package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/browser"
)

// The end of everybody's sessions at one node ends them on all, those of visitors included. Whoever comes afterwards is
// in.
//
// Rows: A12, R3, ASVS 7.4.5
func TestEndEverybodyOnTwoNodes(t *testing.T) {
	t.Parallel()
	for name, start := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, _ := start(t)
			a, b := open(t, "demo", "--store", address), open(t, "demo", "--store", address)
			ada, grace, guest := newVisitor(t, a.site), newVisitor(t, b.site), newVisitor(t, a.site)
			ada.signIn("ada")
			grace.signIn("grace")
			guest.post("/cart", "item", "tea")
			all := map[*visitor]me{
				ada: {"ada", []string{}, "light"}, grace: {"grace", []string{}, "light"},
				guest: {"", []string{"tea"}, "light"},
			}
			for v, who := range all {
				for _, node := range []*program{a, b} { // from now on they are near on both
					v.at(node).is(who)
				}
			}

			if x := a.ask(http.MethodDelete, "/v1/sessions"); x.status != http.StatusBadRequest {
				t.Fatalf("without the word: %d %s", x.status, x.body)
			}
			if x := a.ask(http.MethodDelete, "/v1/sessions?confirm=everybody"); x.status != http.StatusOK ||
				strings.TrimSpace(x.body) != `{"ended":3}` {
				t.Fatalf("end everybody: %d %s", x.status, x.body)
			}
			for v := range all {
				v.as().at(a).is(nobody)
				t.Logf("refused on the other node after %v", v.as().at(b).soon(nobody))
			}
			for _, node := range []*program{a, b} {
				if left := node.sessions(""); len(left) != 0 {
					t.Errorf("listed: %v", left)
				}
			}
			if log := a.Output(); !strings.Contains(log, "session_revoked") || !strings.Contains(log, "everybody's") {
				t.Errorf("the log does not tell of it:\n%s", log)
			}
			again := newVisitor(t, b.site)
			again.signIn("ada")
			again.at(a).is(me{"ada", []string{}, "light"})
			again.at(b).is(me{"ada", []string{}, "light"})
		})
	}
}

// In a browser without scripts: the button, the page that asks, the wrong word, the right one, and what is said then.
func TestEndEverybodyWithoutScripts(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	v := newVisitor(t, h.site)
	v.signIn("ada")
	b := browser.Start(t, browser.Options{
		Preferences: `{"profile": {"default_content_setting_values": {"javascript": 2}}}`,
	})
	b.Navigate(h.link)
	b.AwaitText("h1", "live session")
	b.Submit("#all a")
	if got := b.Text("h1"); got != "End everybody's sessions?" {
		t.Fatalf("the page that asks is headed %q", got)
	}
	b.Fill("#confirm", "yes")
	if status := b.Submit("button.solid"); status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong word: %d", status)
	}
	if got := b.Text("[role=alert]"); !strings.Contains(got, "Nothing has ended") {
		t.Errorf("of the wrong word it says %q", got)
	}
	v.is(me{"ada", []string{}, "light"})
	b.Fill("#confirm", "everybody")
	b.Submit("button.solid")
	if got := b.Text("#notice"); got != "All sessions have ended: there was 1." {
		t.Errorf("it says %q", got)
	}
	v.is(nobody)
}
