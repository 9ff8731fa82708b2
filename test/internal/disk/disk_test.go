package disk_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"coatcheck.dev/test/internal/disk"
)

func TestAFullDiskHasRoomAgain(t *testing.T) {
	d := disk.New(t, "")
	if !d.Small {
		t.Skip("needs root to mount a small disk")
	}
	page := make([]byte, os.Getpagesize())
	write := func(name string) error { return os.WriteFile(filepath.Join(d.Dir, name), page, 0o600) }
	if err := write("before"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d.Fill()
		if err := write("full"); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%v, want no space", err)
		}
		d.Free()
		if err := write("free"); err != nil {
			t.Error(err)
		}
	}
}
