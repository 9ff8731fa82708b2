package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/frontend"
	"coatcheck.dev/test/internal/proc"
	"coatcheck.dev/test/internal/tool"
)

var apiLine = regexp.MustCompile(`^  API +(http://localhost:\d+) `)

// newKey makes a key of a service, as its operator does.
func newKey(t testing.TB, data string, scopes ...string) string {
	t.Helper()
	args := []string{"app-keys", "new", "--data", data, "--label", t.Name()}
	for _, scope := range scopes {
		args = append(args, "--scope", scope)
	}
	s := proc.Spec{Path: proc.Build(t, "coatcheck.dev/cmd/coatcheck"), Args: args}
	return proc.Start(t, s).Await(regexp.MustCompile(`^coatcheck\.\S+$`))[0]
}

// The examples sign users in by the session API, in four languages. Each plays the same: a visitor, a wrong password, a
// user, a sign-out after which a copy of the cookie is worthless, an operator who ends the session, and an outage, in
// which nobody is signed out. So it is when visitors come straight to the example, and when they come through nginx,
// which has asked who they are.
//
// Rows: I10
func TestExamplesCallTheAPI(t *testing.T) {
	t.Parallel()
	for language, command := range map[string][]string{
		"python": {"python3", "app.py"}, "node": {"node", "app.mjs"}, "php": {"php", "-S", "ADDRESS", "app.php"},
		"ruby": {"ruby", "app.rb"},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			addr := proc.FreeAddrs(t, 1)[0]
			h := open(t, "serve", "--upstream", "http://"+addr, "--api-listen", "127.0.0.1:0")
			startExample(t, h, addr, command)
			useExample(t, h, "http://"+addr)
		})
		t.Run(language+" behind nginx", func(t *testing.T) {
			t.Parallel()
			addrs := proc.FreeAddrs(t, 2)
			addr, front := addrs[0], addrs[1]
			h := open(t, "serve", "--beside", "nginx", "--upstream", "http://"+addr, "--trust-proxy", "127.0.0.1",
				"--api-listen", "127.0.0.1:0")
			startExample(t, h, addr, command)
			status, snippet := run(t, "snippet", "nginx", "--upstream", "http://"+addr,
				"--listen", strings.TrimPrefix(h.site, "http://"), "--proxy-listen", front)
			if status != 0 {
				t.Fatal(snippet)
			}
			frontend.Nginx(t, front, snippet)
			useExample(t, h, "http://"+front)
		})
	}
}

// startExample starts one of the examples.
func startExample(t *testing.T, h *program, addr string, command []string) {
	t.Helper()
	_, port, _ := strings.Cut(addr, ":")
	args := append([]string{}, command[1:]...)
	for i := range args {
		args[i] = strings.Replace(args[i], "ADDRESS", addr, 1)
	}
	args[len(args)-1] = filepath.Join("../../examples/api", args[len(args)-1])
	proc.Start(t, proc.Spec{Path: tool.Find(t, command[0]), Args: args, Env: []string{
		"PORT=" + port, "COATCHECK_API=" + h.Await(apiLine)[1],
		"COATCHECK_KEY=" + newKey(t, h.data, "read", "create", "end"),
	}}).AwaitListening(addr)
}

func useExample(t *testing.T, h *program, site string) {
	ada := newVisitor(t, site)
	ada.header.Set("User-Agent", "Ada's browser")
	want := func(v *visitor, method, path string, status int, text string, fields ...string) {
		t.Helper()
		if a := v.do(method, path, fields...); a.status != status || !strings.Contains(a.body, text) {
			t.Fatalf("%s %s: %d %q, want %d %q", method, path, a.status, a.body, status, text)
		}
	}
	want(ada, "GET", "/", 200, "You are nobody.")
	want(ada, "POST", "/login", 401, "try again", "user", "ada", "password", "wrong")
	want(ada, "POST", "/login", 200, "Welcome.", "user", "ada", "password", "lovelace")
	want(ada, "GET", "/", 200, "You are ada.")
	list := h.sessions("ada")
	if len(list) != 1 || list[0].Device.Address == "" {
		t.Fatalf("ada has %+v", list)
	}
	thief := ada.as()
	want(ada, "POST", "/logout", 200, "Signed out.", "x", "y")
	want(ada, "GET", "/", 200, "You are nobody.")
	want(thief, "GET", "/", 200, "You are nobody.")
	want(ada, "POST", "/login", 200, "Welcome.", "user", "ada", "password", "lovelace")
	h.ask("DELETE", "/v1/sessions/"+h.sessions("ada")[0].Handle)
	want(ada, "GET", "/", 200, "You are nobody.")
	want(ada, "POST", "/login", 200, "Welcome.", "user", "ada", "password", "lovelace")
	kept := ada.cookies[sessionCookie]
	h.Term()
	want(ada, "GET", "/", 503, "")
	if kept == "" || ada.cookies[sessionCookie] != kept {
		t.Error("an outage has taken the cookie")
	}
}

// The examples stay small, so that each can be read at once.
func TestExamplesCallTheAPIInFewLines(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../examples/api/app.*")
	if err != nil || len(files) != 4 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(text), "\n"); lines >= 60 {
			t.Errorf("%s has %d lines", file, lines)
		}
	}
}
