// Package disk makes disks so small that a test can fill them.
//
//	d := disk.New(t, postgres.Owner)
//	server := postgres.StartIn(t, d.Dir)
//	d.Fill() // no room for one more page
//	d.Free()
package disk

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"coatcheck.dev/test/internal/proc"
)

// A Disk is a folder with a file system of its own, in memory.
type Disk struct {
	Dir   string
	Small bool // false if it could not be mounted: the folder is one like others then, and cannot be filled

	t testing.TB
}

// size is what a disk has room for before it is filled.
const size = 1 << 30

// New mounts a disk that is a user's own until the test ends, as [proc.Home] is. Only root may: with CI=true the test
// fails if root cannot, and elsewhere its log says that the disk is not small.
func New(t testing.TB, owner string) *Disk {
	t.Helper()
	d := &Disk{Dir: proc.Home(t, owner), t: t}
	if err := d.mount(); err != nil {
		if os.Getenv("CI") == "true" && os.Getuid() == 0 {
			t.Fatalf("mount a small disk: %v", err)
		}
		t.Logf("no disk is filled: only root mounts a small one: %v", err)
		return d
	}
	d.Small = true
	t.Cleanup(func() {
		if err := syscall.Unmount(d.Dir, 0); err != nil {
			t.Errorf("unmount %s: %v", d.Dir, err)
		}
	})
	return d
}

// mount keeps who owns the folder.
func (d *Disk) mount() error {
	info, err := os.Stat(d.Dir)
	if err != nil {
		return err
	}
	as := info.Sys().(*syscall.Stat_t)
	options := fmt.Sprintf("size=%d,mode=700,uid=%d,gid=%d", size, as.Uid, as.Gid)
	return syscall.Mount("tmpfs", d.Dir, "tmpfs", 0, options)
}

// Fill leaves no room: the disk becomes as small as what is on it.
func (d *Disk) Fill() {
	d.t.Helper()
	for { // somebody may write meanwhile
		var s syscall.Statfs_t
		if err := syscall.Statfs(d.Dir, &s); err != nil {
			d.t.Fatal(err)
		}
		used := max(1, int64(s.Blocks-s.Bfree)) * s.Bsize // 0 would be no limit
		if err := d.resize(used); err == nil {
			return
		} else if !errors.Is(err, syscall.EINVAL) {
			d.t.Fatalf("shrink %s to %d bytes: %v", d.Dir, used, err)
		}
	}
}

// Free makes the room again that was there before.
func (d *Disk) Free() {
	d.t.Helper()
	if err := d.resize(size); err != nil {
		d.t.Fatal(err)
	}
}

func (d *Disk) resize(bytes int64) error {
	return syscall.Mount("tmpfs", d.Dir, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", bytes))
}
