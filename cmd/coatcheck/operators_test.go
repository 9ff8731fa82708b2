package main

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Operators are added, let in and retired while the program runs, and none of their secrets is in a file or the log.
//
// Rows: A29
func TestOperatorsWhileTheProgramRuns(t *testing.T) {
	data := t.TempDir()
	r := start(t, data, "demo")
	run := func(args ...string) string {
		t.Helper()
		out, err := command(t, append([]string{"operators"}, append(args, "--data", data)...)...)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(out)
	}
	token := run("add", "ada", "--role", "support")
	var list any
	if status := call(t, token, "GET", r.back+"/v1/sessions", "", &list); status != 200 {
		t.Errorf("a token that was just made: %d", status)
	}
	if status := call(t, token, "DELETE", r.back+"/v1/sessions?confirm=everybody", "", &list); status != 403 {
		t.Errorf("support ends everybody's sessions: %d", status)
	}
	link := run("link", "ada")
	if !strings.HasPrefix(link, r.back+"/sign-in?link=") {
		t.Fatalf("the link is %s", link)
	}
	b := newBrowser(t)
	for i, want := range []string{"You are signed in", "already been used"} {
		if _, page := newBrowserOr(t, b, i).send(link, nil); !strings.Contains(page, want) {
			t.Errorf("use %d of the link: %s", i, page)
		}
	}
	if _, page := b.send(r.back+"/", nil); !strings.Contains(page, "<bdi>ada</bdi>") ||
		strings.Contains(page, "/end-everybody") {
		t.Errorf("the page of ada: %s", page)
	}
	if out := run("list"); !strings.Contains(out, "ada") || !strings.Contains(out, "operator") {
		t.Errorf("the list: %s", out)
	}
	lower := run("role", "ada", "--role", "viewer")
	await(t, "a token of before is good", func() bool {
		return call(t, token, "GET", r.back+"/v1/sessions", "", &list) == 401
	})
	await(t, "the session goes on", func() bool {
		status, _ := b.send(r.back+"/", nil)
		return status == 303 || status == 401
	})
	unused := run("link", "ada")
	run("retire", "ada")
	await(t, "the operator is still one", func() bool {
		return call(t, lower, "GET", r.back+"/v1/sessions", "", &list) == 401
	})
	if status, page := newBrowser(t).send(unused, nil); status != 410 {
		t.Errorf("a link of who has retired: %d %s", status, page)
	}
	if status, page := newBrowser(t).send(run("link", "operator"), nil); status != 200 {
		t.Errorf("a link of the operator that is always there: %d %s", status, page)
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
	for name, text := range texts(t, data, r) {
		for what, secret := range map[string]string{
			"token": token[len(token)-43:], "link": link[strings.Index(link, "link=")+5:],
		} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has a %s", name, what)
			}
		}
	}
}

// newBrowserOr is b for the first use, and another browser after that.
func newBrowserOr(t *testing.T, b *browser, use int) *browser {
	if use == 0 {
		return b
	}
	return newBrowser(t)
}

// texts are the log and the files of the data folder.
func texts(t *testing.T, data string, r *running) map[string]string {
	t.Helper()
	all := map[string]string{"the log": r.stderr.String()}
	err := filepath.WalkDir(data, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		text, err := io.ReadAll(file)
		all[path] = path + string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// await waits until something is so.
func await(t *testing.T, otherwise string, so func() bool) {
	t.Helper()
	for began := time.Now(); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatal(otherwise)
		}
	}
}

// The metrics have a role of their own, and an address of their own, where there is nothing else.
func TestMetricsOfTheirOwn(t *testing.T) {
	data := t.TempDir()
	token, err := command(t, "operators", "add", "prometheus", "--role=metrics", "--data", data)
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	r := start(t, data, "demo", "--metrics-listen", address)
	b := newBrowser(t)
	for path, want := range map[string]int{
		"/metrics": 200, "/healthz": 200, "/readyz": 200, "/": 404, "/v1/sessions": 404, "/sign-in": 404,
	} {
		if status, text := b.send("http://"+address+path, nil); status != want ||
			path == "/metrics" && !strings.Contains(text, "coatcheck_") {
			t.Errorf("%s: %d %.200s", path, status, text)
		}
	}
	if status, _ := b.send(r.back+"/metrics", nil); status != 401 {
		t.Errorf("without a token: %d", status)
	}
	var answer any
	if status := call(t, strings.TrimSpace(token), "GET", r.back+"/v1/sessions", "", &answer); status != 403 {
		t.Errorf("sessions for the role metrics: %d", status)
	}
	if status := call(t, strings.TrimSpace(token), "HEAD", r.back+"/metrics", "", &answer); status != 200 {
		t.Errorf("metrics for the role metrics: %d", status)
	}
}

// freeAddress is one that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestOperatorsCommandsRefuse(t *testing.T) {
	data := t.TempDir()
	run := func(args ...string) error {
		_, err := command(t, append([]string{"operators"}, append(args, "--data", data)...)...)
		return err
	}
	if err := run("add", "ada", "--role=viewer"); err != nil {
		t.Fatal(err)
	}
	if err := run("add", "prometheus", "--role=metrics"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ want, line string }{
		{"there is an operator Ada already", "add Ada --role=viewer"},
		{"must be one of", "add eve --role=root"},
		{"a name has", "add e/ve --role=viewer"},
		{"is there already", "add operator --role=viewer"},
		{"no such operator", "retire eve"},
		{"cannot retire", "retire operator"},
		{"no such operator", "role eve --role=viewer"},
		{"does everything", "role operator --role=viewer"},
		{"no such operator", "link eve"},
		{"may not use the console", "link prometheus"},
		{"no program has run", "link ada"},
		{"is no address", "link ada --console=javascript:alert(1)"},
		{"no such operator", "reset-passkey eve"},
	} {
		if err := run(strings.Fields(c.line)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.line, err, c.want)
		}
	}
	if err := run("link", "ada", "--console=https://console.example"); err != nil {
		t.Error(err)
	}
}
