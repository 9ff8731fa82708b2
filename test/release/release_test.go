// Package release tests that what is shipped can be built again, to the last byte.
package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"coatcheck.dev/test/internal/trial"
)

// Two clones in different folders, each with an empty build cache, give the same sums.
func TestTheSameCommitGivesTheSameBytes(t *testing.T) {
	if !trial.Torture() {
		t.Skip("two builds of everything, with empty caches, take a quarter of an hour: COATCHECK_TORTURE=1")
	}
	var sums [2]string
	for i, name := range []string{"one", "another/folder"} {
		tree := filepath.Join(t.TempDir(), name)
		if out, err := exec.Command("git", "clone", "-q", "../..", tree).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		cmd := exec.Command(filepath.Join(tree, ".ci", "release"))
		cmd.Env = append(os.Environ(), "VERSION=v0.0.0-test", "GOCACHE="+t.TempDir())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		text, err := os.ReadFile(filepath.Join(tree, "dist", "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = string(text)
	}
	if sums[0] != sums[1] || sums[0] == "" {
		t.Errorf("the sums differ:\n%s\n%s", sums[0], sums[1])
	}
}
