package e2e_test

import (
	"os"
	"testing"

	"coatcheck.dev/test/internal/proc"
)

// The other program that holds a lock is this test binary again: see lock_test.go.
func TestMain(m *testing.M) {
	if file := os.Getenv(lockFile); file != "" {
		holdLock(file)
		return
	}
	proc.Main(m)
}
