package atomicfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"coatcheck.dev/internal/atomicfile"
)

// A file that was replaced is another one, even by the same bytes.
func TestSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	state := func() os.FileInfo {
		t.Helper()
		if err := atomicfile.Replace(path, []byte("a")); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := state()
	again, err := os.Stat(path)
	if err != nil || !atomicfile.Same(first, again) {
		t.Errorf("%v: a file that nobody has touched is another one", err)
	}
	if held, err := os.Open(path); err == nil {
		defer held.Close() // so that its place on the disk is not given to the next one
	}
	if atomicfile.Same(first, state()) {
		t.Error("a file that was replaced is the same")
	}
	if atomicfile.Same(first, nil) || atomicfile.Same(nil, first) || !atomicfile.Same(nil, nil) {
		t.Error("a missing file is another one than one that is there")
	}
}
