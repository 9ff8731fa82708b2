package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/audit/chromium/chromiumtest"
	"coatcheck.dev/cmd/coatcheck/internal/check"
	"coatcheck.dev/cmd/coatcheck/internal/shop"
)

// A user audits the demo shop against its inventory, signed in and not: there is no drift, and no faulty cookie.
func TestAuditDemo(t *testing.T) {
	chromiumtest.Need(t)
	r := start(t, t.TempDir(), "demo")
	inventory, err := json.Marshal(shop.Inventory)
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(inventory)
	}))
	defer served.Close()
	t.Setenv("SHOP_PASSWORD", "lovelace")
	steps, report := filepath.Join(t.TempDir(), "ada.steps"), filepath.Join(t.TempDir(), "report.html")
	const ada = `
open /login
fill input[name=user] with ada
fill input[name=password] with env:SHOP_PASSWORD
click main form button
wait form[action="/logout"]
walk
`
	if err := os.WriteFile(steps, []byte(ada), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, progress bytes.Buffer
	p := Program{Stdout: &out, Stderr: &progress}
	err = p.Run(t.Context(), []string{"audit", "--links=1", "--settle=0s", "--fail-on=note", "--inventory", served.URL,
		"--script", steps, "--report", report, r.site + "/"})
	if err != nil || !strings.Contains(out.String(), ": 0 differences from the inventory. 0 findings of cookies.\n") ||
		!strings.Contains(out.String(), "cookie __Host-session  localhost/  declared") {
		t.Errorf("%v\n%s", err, &out)
	}
	if !strings.Contains(progress.String(), "script ada.steps\n  "+r.site+"/login\n") {
		t.Errorf("progress %q", &progress)
	}
	if strings.Contains(out.String(), "no way to withdraw") {
		t.Errorf("the shop has no link to its choices that an audit finds\n%s", &out)
	}
	page, err := os.ReadFile(report)
	if err != nil || !bytes.Contains(page, []byte("data:image/jpeg;base64,/9j/")) ||
		bytes.Contains(page, []byte("lovelace")) {
		t.Errorf("the report has %d bytes, %v", len(page), err)
	}
}

// What is wrong with the command line, or a file that it names, is status 2.
func TestAuditUsage(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	away := httptest.NewServer(http.NotFoundHandler())
	defer away.Close()
	for says, args := range map[string][]string{
		"expected \"<url>":                 {},
		"is not a URL":                     {"shop.example"},
		"--inventory " + broken:            {"--inventory", broken, "http://shop.example/"},
		"404 Not Found":                    {"--inventory", away.URL, "http://shop.example/"},
		"script broken, line 1":            {"--script", broken, "http://shop.example/"},
		"none of the files that are known": {"--cookies", broken, "http://shop.example/"},
		"no Chromium at /nosuch":           {"--chromium=/nosuch", "http://shop.example/"},
	} {
		p := Program{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}}
		err := p.Run(t.Context(), append([]string{"audit"}, args...))
		status, ok := err.(*check.Error)
		if !ok || status.Status != check.Usage || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", args, err, says)
		}
	}
}
