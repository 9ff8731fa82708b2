//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package atomicfile

import (
	"os"
	"time"
)

// abandonedAfter is how old a temporary file is that no writer can have any more, where files have no locks.
const abandonedAfter = time.Hour

func lock(*os.File) error { return nil }

// release closes the file, because Windows gives no other name to one that is open.
func release(f *os.File) error { return f.Close() }

func removeUnlocked(path string) {
	if info, err := os.Lstat(path); err == nil && time.Since(info.ModTime()) > abandonedAfter {
		_ = os.Remove(path)
	}
}
