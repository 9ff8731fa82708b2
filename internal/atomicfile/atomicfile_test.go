package atomicfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"coatcheck.dev/internal/atomicfile"
)

func TestCreateLeavesAFileThatIsThere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	write(t, atomicfile.Create, name, "first")
	write(t, atomicfile.Create, name, "second")
	holds(t, name, "first")
}

func TestReplace(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	write(t, atomicfile.Replace, name, "first")
	write(t, atomicfile.Replace, name, "second")
	holds(t, name, "second")
}

// Two names of a file stay names of one file.
func TestReplaceFollowsLinks(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	link := filepath.Join(t.TempDir(), "link")
	write(t, atomicfile.Create, name, "first")
	switch err := os.Symlink(name, link); {
	case err != nil && runtime.GOOS == "windows":
		t.Skip(err) // Windows lets few users make one
	case err != nil:
		t.Fatal(err)
	}
	write(t, atomicfile.Replace, link, "second")
	holds(t, name, "second")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info.Mode(), err)
	}
	for _, folder := range []string{filepath.Dir(name), filepath.Dir(link)} {
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
			t.Errorf("left %v, %v", entries, err)
		}
	}
}

// Nothing but the file is left in the folder, and nobody but the owner may read it.
func TestOnlyTheFileStays(t *testing.T) {
	for what, f := range map[string]func(string, []byte) error{"create": atomicfile.Create,
		"replace": atomicfile.Replace} {
		name := filepath.Join(t.TempDir(), "file")
		write(t, f, name, "text")
		write(t, f, name, "text")
		entries, err := os.ReadDir(filepath.Dir(name))
		if err != nil || len(entries) != 1 {
			t.Errorf("%s: left %v, %v", what, entries, err)
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", what, info.Mode(), err)
		}
		missing := filepath.Join(t.TempDir(), "none", "file")
		if err := f(missing, nil); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s in a folder that does not exist: %v", what, err)
		}
	}
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "file"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Replace(filepath.Join(folder, "file"), nil); err == nil {
		t.Error("a folder was replaced")
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 1 {
		t.Errorf("a failure left %v", entries)
	}
}

// Whoever reads meanwhile gets all of one text.
func TestReadersNeverSeeHalf(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	texts := []string{strings.Repeat("a", 100_000), strings.Repeat("b", 50_000)}
	write(t, atomicfile.Replace, name, texts[0])
	var writer sync.WaitGroup
	defer writer.Wait()
	done := make(chan struct{})
	writer.Go(func() {
		defer close(done)
		for i := range 50 {
			write(t, atomicfile.Replace, name, texts[i%2])
		}
	})
	for {
		text, err := os.ReadFile(name)
		if err != nil || string(text) != texts[0] && string(text) != texts[1] {
			t.Fatalf("read %d bytes, %v", len(text), err)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func write(t *testing.T, f func(string, []byte) error, name, text string) {
	t.Helper()
	if err := f(name, []byte(text)); err != nil {
		t.Error(err)
	}
}

func holds(t *testing.T, name, want string) {
	t.Helper()
	if text, err := os.ReadFile(name); string(text) != want {
		t.Errorf("the file has %q, want %q: %v", text, want, err)
	}
}
