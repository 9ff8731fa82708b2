package tool_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coatcheck.dev/test/internal/failing"
	"coatcheck.dev/test/internal/tool"
)

func TestFindTakesTheFirstThatIsThere(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	for _, name := range []string{"second", "third"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := tool.Find(t, "first", "second", "third"), filepath.Join(dir, "second"); got != want {
		t.Errorf("Find = %q, want %q", got, want)
	}
}

func TestFileIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "library")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := tool.File(t, "a library", path); got != path {
		t.Errorf("File = %q, want %q", got, path)
	}
}

func TestMissingToolIsNamed(t *testing.T) {
	for _, c := range []struct {
		ci           string
		fails, skips bool
	}{
		{ci: "true", fails: true},
		{ci: "", skips: true},
		{ci: "false", skips: true},
	} {
		t.Run("CI="+c.ci, func(t *testing.T) {
			t.Setenv("CI", c.ci)
			t.Setenv("PATH", t.TempDir())
			v := failing.Run(t, func(tb testing.TB) { tool.Find(tb, "no-such-tool", "nor-this-one") })
			if v.Failed != c.fails || v.Skipped != c.skips ||
				!strings.Contains(v.Said, "no-such-tool or nor-this-one") {
				t.Errorf("missing tool: %+v, want failed %t, skipped %t, and both names", v, c.fails, c.skips)
			}
		})
	}
}
