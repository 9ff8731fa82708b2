package e2e_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"coatcheck.dev/test/internal/browser"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
	"coatcheck.dev/test/internal/trial"
)

// axe finds nothing to say about the report of an audit with drift, in light and dark, narrow and wide. The pictures
// are artifacts of the test: go test -artifacts.
func TestAuditReportIsAccessible(t *testing.T) {
	t.Parallel()
	tool.Find(t, "chromium", "chromium-browser", "google-chrome")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	axe, err := os.ReadFile(tool.File(t, "axe-core", filepath.Join(cache, "coatcheck", "axe-core@4.11.1",
		"node_modules", "axe-core", "axe.min.js")))
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=1; Path=/")
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(`<!doctype html><html lang="en"><title>A site</title><h1>Hello</h1>`))
	}))
	defer site.Close()
	folder := t.TempDir()
	inventory := filepath.Join(folder, "inventory.json")
	if err := os.WriteFile(inventory, []byte(`{"version": 1, "entries": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), proc.Build(t, "coatcheck.dev/cmd/coatcheck"), "audit", "--quiet",
		"--inventory", inventory, "--report", filepath.Join(folder, "report.html"), site.URL).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	pages := httptest.NewServer(http.FileServer(http.Dir(folder)))
	defer pages.Close()
	b := browser.Start(t, browser.Options{})
	widths := []int{320, 1280}
	if trial.Torture() {
		widths = append(widths, 768)
	}
	for _, width := range widths {
		for _, dark := range []bool{false, true} {
			shot := browser.Shot{Width: width, Height: 800, Dark: dark, FullPage: true}
			b.Look(shot)
			b.Navigate(pages.URL + "/report.html")
			file := "audit-" + map[bool]string{true: "dark-", false: "light-"}[dark] + strconv.Itoa(width) + ".png"
			b.Screenshot(filepath.Join(t.ArtifactDir(), file), shot)
			browser.Eval[bool](b, string(axe)+"\ntrue")
			const run = `axe.run().then(r => r.violations.map(v =>
				v.id + ": " + v.nodes.map(n => n.target + " " + n.failureSummary).join(" | ")))`
			for _, violation := range browser.Eval[[]string](b, run) {
				t.Errorf("%s: %s", file, violation)
			}
			if wide := browser.Eval[int](b, "document.documentElement.scrollWidth"); wide > width {
				t.Errorf("%s is %d pixels wide", file, wide)
			}
			if got := b.Text(".card.drift .verdict"); got != "Not as declared" {
				t.Errorf("%s: the card says %q", file, got)
			}
		}
	}
}
