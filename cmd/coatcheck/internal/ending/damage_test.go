package ending_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/store/memory"
)

// Only the first page of the file is whole: the tables seem to be there. A job would find out again and again.
func TestADamagedFileIsRefused(t *testing.T) {
	s := newStall(t, memory.New())
	s.ask(meant)
	if err := s.jobs.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.folder, "endings.db")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	copy(content[page:], bytes.Repeat([]byte{0xa5}, len(content)-page))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	jobs, err := ending.Open(ending.Options{Path: path, Sessions: s.sessions, Finder: s.index, Feed: s.store})
	if err == nil {
		_ = jobs.Close()
		t.Fatal("a damaged file was opened")
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after[page:], content[page:]) {
		t.Errorf("a damaged file was changed: %v", err)
	}
}
