package proc

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A Clock is the clock on the wall of one program. Setting it moves what the program takes for the time, and neither
// its timers nor the monotonic clock, as when somebody sets the clock of a machine.
type Clock struct{ file string }

// NewClock returns a clock that is right.
func NewClock(t testing.TB) *Clock {
	t.Helper()
	c := &Clock{filepath.Join(t.TempDir(), "clock")}
	if err := os.WriteFile(c.file, make([]byte, 8), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// Env is what a program needs in its environment to go by the clock. [BuildWithClock] has built it.
func (c *Clock) Env() string { return clockVariable + "=" + c.file }

// Set has the clock be ahead by whole seconds, from now on.
func (c *Clock) Set(t testing.TB, ahead time.Duration) {
	t.Helper()
	f, err := os.OpenFile(c.file, os.O_WRONLY, 0)
	if err == nil {
		defer f.Close()
		_, err = f.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(ahead/time.Second)), 0)
	}
	if err != nil {
		t.Fatal(err)
	}
}

const clockVariable = "COATCHECK_TEST_CLOCK"

var errNoNow = errors.New("package time has no place in its Now that this package knows")

// BuildWithClock is [Build] for a program whose clock can be set: in its standard library, time.Now reads a number of
// seconds from a file that the test writes.
func BuildWithClock(t testing.TB, pkg string, flags ...string) string {
	t.Helper()
	overlay, err := clockOverlay(programs.dir)
	if err != nil {
		t.Fatal(err)
	}
	return Build(t, pkg, append(flags, "-overlay="+overlay)...)
}

// clockOverlay writes the changed source and a file that names it.
func clockOverlay(dir string) (path string, err error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	original := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	const now = "sec, nsec, mono := runtimeNow()\n"
	head, tail, found := strings.Cut(string(text), now)
	if !found {
		return "", errNoNow
	}
	head = strings.Replace(head, "\t_ \"unsafe\"", "\t\"sync/atomic\"\n\t\"syscall\"\n\t\"unsafe\"", 1)
	changed := filepath.Join(dir, "time.go")
	if err := os.WriteFile(changed, []byte(head+now+"\tsec += ahead()\n"+tail+ahead), 0o600); err != nil {
		return "", err
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, replace, 0o600)
}

// ahead is what package time gets.
const ahead = `
var aheadCell = openAhead()

func openAhead() *int64 {
	name, _ := syscall.Getenv("` + clockVariable + `")
	if name == "" {
		return nil
	}
	file, err := syscall.Open(name, syscall.O_RDONLY, 0)
	if err != nil {
		panic("time: open the clock: " + err.Error())
	}
	mapped, err := syscall.Mmap(file, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic("time: map the clock: " + err.Error())
	}
	return (*int64)(unsafe.Pointer(&mapped[0]))
}

func ahead() int64 {
	if aheadCell == nil {
		return 0
	}
	return atomic.LoadInt64(aheadCell)
}
`
