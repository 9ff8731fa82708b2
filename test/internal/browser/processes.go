package browser

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// awaitEnd returns when no process uses a profile any more. They end by themselves soon after the browser is
// closed, and may be writing what it keeps; those that do not are killed by their numbers.
func awaitEnd(profile string) error {
	const (
		grace = 5 * time.Second
		limit = 10 * time.Second
	)
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		left := usersOf(profile)
		switch waited := time.Since(start); {
		case len(left) == 0:
			return nil
		case waited > limit:
			return fmt.Errorf("processes %v still use %s", left, profile)
		case waited > grace:
			for _, pid := range left {
				_ = syscall.Kill(pid, syscall.SIGKILL) // the next look tells
			}
		}
	}
}

// usersOf are the processes that name a profile in their command line. Chromium hands it to each that it starts,
// and the name belongs to one test alone.
func usersOf(profile string) []int {
	var pids []int
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(line, []byte(profile)) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
