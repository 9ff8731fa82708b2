package main

import (
	"bytes"
	"strings"
	"testing"
)

// The file goes where it is told to, what was lost to standard error.
func TestConvertCookies(t *testing.T) {
	const file = `{"version": 1, "cookies": [{"name": "a", "value": "1", "domain": "example.com", "path": "/", "priority": "High",
		"created": "2026-01-01T00:00:00Z", "lastAccess": "2026-01-01T00:00:00Z"}]}`
	run := func(text string) (out, said bytes.Buffer, err error) {
		p := Program{Stdin: strings.NewReader(text), Stdout: &out, Stderr: &said}
		err = p.Run(t.Context(), []string{"cookies", "convert", "-", "-", "-f", "native", "-t", "netscape"})
		return out, said, err
	}
	out, said, err := run(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), ".example.com\tTRUE\t/\tFALSE\t0\ta\t1\n") {
		t.Errorf("wrote %q", &out)
	}
	want := "changed: \"a\" of example.com: Priority=High is lost\n" +
		"cookies: 1 (read: 1, changed: 1, left out: 0, expired: 0), losses: 1\n"
	if said.String() != want {
		t.Errorf("said %q, want %q", &said, want)
	}
	out, _, err = run(file[:50])
	if err == nil || !strings.Contains(err.Error(), "line 1") || out.Len() > 0 {
		t.Errorf("a file that is cut: %v, wrote %q", err, &out)
	}
}
