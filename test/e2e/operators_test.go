package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/browser"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

// operators runs a command on the operators of a program that runs, and returns what it prints.
func (h *program) operators(args ...string) string {
	h.t.Helper()
	args = append(append([]string{"operators"}, args...), "--data", h.data)
	out, err := exec.CommandContext(h.t.Context(), proc.Build(h.t, "coatcheck.dev/cmd/coatcheck"), args...).Output()
	if err != nil {
		h.t.Fatalf("%v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// An operator makes a passkey in a real browser, and is asked for it from then on: after a link, and after the token.
// A browser whose device does not have it gets no further. When it is forgotten, a link is enough again.
func TestPasskeyInTheBrowser(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	token := h.operators("add", "ada", "--role", "support")
	b := browser.Start(t, browser.Options{})
	b.AddAuthenticator()
	b.Navigate(h.operators("link", "ada"))
	b.AwaitText("h1", "live session")
	b.Navigate(h.console + "/passkeys")
	b.Submit("#passkey button")
	b.AwaitText(".keys", "localhost")
	accessible(t, b, "passkeys")

	b.ClearCookies()
	b.Navigate(h.operators("link", "ada"))
	b.AwaitText("h1", "Show your passkey, ada")
	accessible(t, b, "passkey")
	b.Submit("#passkey button")
	b.AwaitText("h1", "live session")

	b.ClearCookies()
	b.Navigate(h.console + "/sign-in")
	b.Fill("#token", token)
	b.Submit("main form button")
	b.AwaitText("h1", "Show your passkey, ada")
	b.Submit("#passkey button")
	b.AwaitText("h1", "live session")
	if got := b.Text(".bar .operator"); !strings.Contains(got, "ada") || !strings.Contains(got, "support") {
		t.Errorf("the page says %q", got)
	}

	stranger := browser.Start(t, browser.Options{})
	stranger.AddAuthenticator()
	stranger.Navigate(h.operators("link", "ada"))
	stranger.AwaitText("h1", "Show your passkey, ada")
	stranger.Click("#passkey button")
	stranger.AwaitText("#problem", "shown no passkey")
	stranger.Navigate(h.console + "/")
	stranger.AwaitText("h1", "Sign in")

	h.operators("reset-passkey", "ada")
	b.AwaitText("h1", "Sign in") // who was signed in by it is out: the page hears of it, and goes there by itself
	stranger.Navigate(h.operators("link", "ada"))
	stranger.AwaitText("h1", "live session")
}

// accessible demands that axe finds nothing to say about a page, in light and dark, narrow and wide, and that nothing
// is wider than the window. The pictures are artifacts of the test: go test -artifacts.
func accessible(t *testing.T, b *browser.Browser, name string) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	axe, err := os.ReadFile(tool.File(t, "axe-core", filepath.Join(cache, "coatcheck", "axe-core@4.11.1",
		"node_modules", "axe-core", "axe.min.js")))
	if err != nil {
		t.Fatal(err)
	}
	browser.Eval[bool](b, string(axe)+"\ntrue")
	for _, width := range []int{390, 768, 1280} {
		for _, dark := range []bool{false, true} {
			shot := browser.Shot{Width: width, Height: 800, Dark: dark, FullPage: true}
			b.Look(shot)
			file := name + "-" + map[bool]string{true: "dark-", false: "light-"}[dark] + strconv.Itoa(width) + ".png"
			b.Screenshot(filepath.Join(t.ArtifactDir(), file), shot)
			const run = `axe.run().then(r => r.violations.map(v =>
				v.id + ": " + v.nodes.map(n => n.target + " " + n.failureSummary).join(" | ")))`
			for _, violation := range browser.Eval[[]string](b, run) {
				t.Errorf("%s: %s", file, violation)
			}
			if wide := browser.Eval[int](b, "document.documentElement.scrollWidth"); wide > width {
				t.Errorf("%s is %d pixels wide", file, wide)
			}
		}
	}
}
