package e2e_test

import (
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/browser"
	"coatcheck.dev/test/internal/proc"
)

// A browser that goes through all pages finds each of them, and has nothing to say against any: no script or style
// that the content security policy stops, nothing missing.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	b := browser.Start(t, browser.Options{})

	visit := func(base string, paths ...string) {
		t.Helper()
		for _, path := range paths {
			if status := b.Navigate(base + path); status != http.StatusOK {
				t.Errorf("%s%s: status %d", base, path, status)
			}
			if heading := b.Text("h1"); heading == "" {
				t.Errorf("%s%s has no heading", base, path)
			}
		}
	}
	visit(h.site, "/", "/goods/tea", "/goods/coffee", "/goods/cocoa", "/goods/honey", "/goods/biscuits", "/goods/cup",
		"/cart", "/login")
	add(b, h.site, "tea")
	signIn(b, h.site, "ada", false)
	visit(h.site, "/", "/cart", "/account/")
	if missing := dangling(b, h.site); len(missing) > 0 {
		t.Errorf("links of the shop that lead nowhere: %q", missing)
	}
	isQuiet(t, b)

	visit(h.console, "/sign-in")
	b.Navigate(h.link)
	b.AwaitText("h1", "live session")
	visit(h.console, "/", "/?user=ada", "/?user=nobody", "/end-user?user=ada", "/end-user?user=nobody",
		"/end-everybody", "/explain", "/webhooks", "/charts", "/history", "/endings", "/not-before")
	if missing := dangling(b, h.console); len(missing) > 0 {
		t.Errorf("links of the console that lead nowhere: %q", missing)
	}
	isQuiet(t, b)
}

// dangling follows the links of the site's first page, one click deep, and returns those that find nothing.
func dangling(b *browser.Browser, site string) (missing []string) {
	b.Navigate(site + "/")
	links := browser.Eval[[]string](b, `Array.from(document.querySelectorAll("a[href]"), a => a.href.split("#")[0])`)
	slices.Sort(links)
	for _, link := range slices.Compact(links) {
		if strings.HasPrefix(link, site+"/") && b.Navigate(link) != http.StatusOK {
			missing = append(missing, link)
		}
	}
	return missing
}

// What a page does not exist for is said in words, and to programs as JSON.
func TestNothingThere(t *testing.T) {
	t.Parallel()
	h := open(t, "demo")
	for _, c := range []struct{ url, want string }{
		{h.site + "/nothing", "There is no such page."},
		{h.site + "/goods/nothing", "There is no such page."},
		{h.site + "/assets/nothing.css", "not found"},
		{h.console + "/nothing", "There is"},
	} {
		a := newVisitor(t, c.url).get("")
		if a.status != http.StatusNotFound || !strings.Contains(a.body, c.want) {
			t.Errorf("%s: status %d, %.300s", c.url, a.status, a.body)
		}
	}
	if a := h.ask(http.MethodGet, "/v1/nothing"); a.status != http.StatusNotFound ||
		!strings.Contains(a.body, `"code":"not_found"`) {
		t.Errorf("/v1/nothing: %d %s", a.status, a.body)
	}
}

// What a program cannot start with is said in one line, and nothing else happens.
func TestRefusedStarts(t *testing.T) {
	t.Parallel()
	running := open(t, "demo")
	taken := strings.TrimPrefix(running.site, "http://")
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"address taken", []string{"demo", "--listen", taken}, "in use by another program"},
		{"no upstream", []string{"serve"}, "--upstream"},
		{"upstream is no URL", []string{"serve", "--upstream", "ftp://127.0.0.1"}, "http://127.0.0.1:3000"},
		{"no such flag", []string{"demo", "--no-such-flag"}, "--no-such-flag"},
		{"data folder is a file", []string{"demo", "--data", "/dev/null"}, "choose another with --data"},
		{"data folder in use", []string{"demo", "--data", running.data}, running.data + " is in use by another"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := proc.Start(t, proc.Spec{
				Path: proc.Build(t, "coatcheck.dev/cmd/coatcheck"), Args: c.args,
				Env: []string{"COATCHECK_DATA=" + t.TempDir(), "COATCHECK_LISTEN=127.0.0.1:0",
					"COATCHECK_CONSOLE_LISTEN=127.0.0.1:0"},
			})
			code := p.Wait()
			if out := strings.TrimSpace(p.Output()); code != 1 || !strings.Contains(out, c.want) ||
				strings.Contains(out, "\n") {
				t.Errorf("exit code %d, want 1 and one line with %q:\n%s", code, c.want, out)
			}
		})
	}
}

// The program is one file that needs nothing of the machine.
func TestNoCgo(t *testing.T) {
	t.Parallel()
	path := proc.Build(t, "coatcheck.dev/cmd/coatcheck")
	out, err := exec.Command("go", "version", "-m", path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "CGO_ENABLED=0") {
		t.Errorf("%v: the program was built with cgo:\n%s", err, out)
	}
}
