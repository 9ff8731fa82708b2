// Package tool finds the programs of the machine that tests need: a browser, a database, a proxy.
//
// Where the environment says CI=true a missing program fails the test, so that nothing is left out in silence.
// Elsewhere the test is skipped, and the message names what is missing and how to get it.
package tool

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Find returns the path of the first of names that is installed. The names are alternatives for one tool, the
// preferred one first; they may be paths. With none of them the test ends: failed with CI=true, else skipped.
func Find(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	miss(t, strings.Join(names, " or "))
	return ""
}

// File returns the path of a file that is no program, such as a library of another language, and what it belongs to.
// Without it the test ends as in Find.
func File(t testing.TB, of, path string) string {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		miss(t, of)
	}
	return path
}

func miss(t testing.TB, what string) {
	t.Helper()
	missing := "missing tool: " + what + " (make deps installs it on Debian)"
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}
