package main

import (
	"bytes"
	"errors"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// A new user tries the linter on the demo shop: there is nothing to find.
func TestCheckDemo(t *testing.T) {
	r := start(t, t.TempDir(), "demo")
	var out bytes.Buffer
	p := Program{Stdout: &out}
	err := p.Run(t.Context(), []string{"check", "--fail-on=note", r.site + "/", r.site + "/login",
		r.site + "/account/", r.site + "/goods/tea"})
	if err != nil || !strings.HasSuffix(out.String(), ": 0 errors, 0 warnings, 0 notes.\n") ||
		strings.Contains(out.String(), "\x1b") {
		t.Errorf("%v\n%s", err, &out)
	}
}

// What signing in sets comes over http on this machine, and is clean as well.
func TestCheckSignIn(t *testing.T) {
	r := start(t, t.TempDir(), "demo")
	form := strings.NewReader("user=ada&password=lovelace&remember=yes")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.site+"/login", form)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", r.site)
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	lines := strings.Join(answer.Header["Set-Cookie"], "\n")
	if !strings.Contains(lines, "__Host-session=") {
		t.Fatalf("status %d, cookies %q", answer.StatusCode, lines)
	}
	var out bytes.Buffer
	p := Program{Stdin: strings.NewReader(lines), Stdout: &out}
	if err := p.Run(t.Context(), []string{"check", "--fail-on=note", "--lines=-",
		"--url=" + r.site + "/login"}); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
}

// Findings are status 1, with the report on standard output and one line about it on the other.
func TestCheckStatus(t *testing.T) {
	cmd := child(t, "check", "--lines=-", "--url=https://shop.example/")
	cmd.Stdin = strings.NewReader("sid=1; Path=/; HttpOnly; SameSite=Lax\n")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 ||
		string(exit.Stderr) != "coatcheck: 1 finding at or above the severity warning\n" {
		t.Fatalf("%v", err)
	}
	if !strings.Contains(string(out), "session-secure") {
		t.Errorf("printed %s", out)
	}
}

// The other statuses reach the shell.
func TestCheckOtherStatuses(t *testing.T) {
	for status, args := range map[int][]string{
		2: {"check", "--no-such-flag"},
		3: {"check", "--lines=-", "--url=https://shop.example/"},
		4: {"check", "http://127.0.0.1:1/"},
	} {
		err := child(t, args...).Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != status {
			t.Errorf("%q: %v, want status %d", args, err, status)
		}
	}
}
