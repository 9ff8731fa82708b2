package atomicfile_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/internal/atomicfile"
)

// TestMain is also the writer that is killed: it never comes to the end of its file.
func TestMain(m *testing.M) {
	if path := os.Getenv("ATOMICFILE_HALF"); path != "" {
		_ = atomicfile.ReplaceBy(path, func(w io.Writer) error {
			_, _ = io.WriteString(w, "half a secret")
			_, _ = os.Stdout.WriteString("half\n")
			_, _ = io.ReadAll(os.Stdin)
			return io.ErrUnexpectedEOF
		})
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// killWriter has a program killed while it writes the file.
func killWriter(t *testing.T, path string) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "ATOMICFILE_HALF="+path)
	hold, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("half\n"))); err != nil {
		t.Error(err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = c.Wait() // that it was killed
}

// others are the names in the folder, without that of the file.
func others(t *testing.T, path string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(path) {
			names = append(names, e.Name())
		}
	}
	return names
}

// What a writer that was killed leaves behind may be a secret. The next writer removes it.
func TestWhatAKilledWriterLeavesIsRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for what, f := range map[string]func(string, []byte) error{
		"create": atomicfile.Create, "replace": atomicfile.Replace,
	} {
		killWriter(t, path)
		left := others(t, path)
		if len(left) != 1 {
			t.Fatalf("%s: the writer that was killed has left %q, which proves nothing", what, left)
		}
		if runtime.GOOS == "windows" { // it has no such locks: there a file is left alone for an hour
			old := time.Now().Add(-2 * time.Hour)
			if err := os.Chtimes(filepath.Join(filepath.Dir(path), left[0]), old, old); err != nil {
				t.Fatal(err)
			}
		}
		write(t, f, path, "whole")
		holds(t, path, "whole")
		if left := others(t, path); len(left) > 0 {
			t.Errorf("%s: left %q", what, left)
		}
	}
}

// A slow writer is not one that was killed.
func TestALivingWriterKeepsItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	begun, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- atomicfile.ReplaceBy(path, func(w io.Writer) error {
			close(begun)
			<-goOn
			_, err := io.WriteString(w, "slow")
			return err
		})
	}()
	<-begun
	write(t, atomicfile.Replace, path, "quick")
	holds(t, path, "quick")
	if left := others(t, path); len(left) != 1 {
		t.Errorf("while it writes there is %q", left)
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
	holds(t, path, "slow")
	if left := others(t, path); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

// Writers of one file do not take each other's files away, not even in the moment before these are locked.
func TestManyWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var writers sync.WaitGroup
	for range 16 {
		writers.Go(func() {
			for range 50 {
				write(t, atomicfile.Replace, path, "text")
			}
		})
	}
	writers.Wait()
	holds(t, path, "text")
	if left := others(t, path); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

// Only what this package has made is removed.
func TestFilesOfOthersStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	folder := filepath.Dir(path)
	for _, name := range []string{"file-12", ".file-", ".file-12a", ".file-1.2", ".file", ".file2-12", "x.file-12",
		".file-12-12", ".file--12", ".FILE-1x"} {
		write(t, atomicfile.Create, filepath.Join(folder, name), "of somebody else")
	}
	if err := os.Mkdir(filepath.Join(folder, ".file-13"), 0o700); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if err := os.Symlink("file-12", filepath.Join(folder, ".file-14")); err != nil {
			t.Fatal(err)
		}
	}
	before := others(t, path)
	write(t, atomicfile.Replace, path, "text")
	if after := others(t, path); len(after) != len(before) {
		t.Errorf("there is %q, there was %q", after, before)
	}
}
