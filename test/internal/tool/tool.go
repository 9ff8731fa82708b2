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
	missing := "missing tool: " + strings.Join(names, " or ") + " (make deps installs it on Debian)"
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}
