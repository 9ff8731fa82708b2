package proc

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Main runs the tests of a package and removes the programs that they built. TestMain calls it; it does not return.
func Main(m *testing.M) {
	dir, err := os.MkdirTemp("", "coatcheck-programs-")
	if err != nil {
		panic("proc: make a folder for programs: " + err.Error())
	}
	programs.dir = dir
	code := m.Run()
	_ = os.RemoveAll(dir) // only room is lost
	os.Exit(code)
}

// programs are those built so far, by package and flags.
var programs struct {
	dir    string // set by Main before any test runs
	builds sync.Map
}

// Build compiles a command by its import path and returns the path of the program, the same one for every test
// of the package that asks with the same flags. Without flags the program is built as it is shipped, without cgo;
// the flag -race gives one that watches for data races, and prints "DATA RACE" when it sees one. A command of another
// project has its version behind it, as in pkg@v1.2.3, and comes from its module.
func Build(t testing.TB, pkg string, flags ...string) string {
	t.Helper()
	if programs.dir == "" {
		t.Fatal("proc.Build needs TestMain to call proc.Main")
	}
	key := strings.Join(append([]string{pkg}, flags...), " ")
	once, _ := programs.builds.LoadOrStore(key, sync.OnceValues(func() (string, error) {
		return build(pkg, flags)
	}))
	path, err := once.(func() (string, error))()
	if err != nil {
		t.Fatalf("build %s: %v\n%s", key, err, path)
	}
	return path
}

// build returns the compiler's words in place of a path when it fails. It has `go run` copy the program instead of
// running it, because that keeps what it has linked: most packages here ask for the same program.
func build(pkg string, flags []string) (string, error) {
	dir, err := os.MkdirTemp(programs.dir, "")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, filepath.Base(pkg))
	cgo := 0
	if slices.Contains(flags, "-race") {
		cgo = 1 // the race detector needs it
	}
	args := append([]string{"run", "-buildvcs=false", "-exec=cp"}, flags...)
	cmd := exec.Command("go", append(args, pkg, path)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+strconv.Itoa(cgo))
	if words, err := cmd.CombinedOutput(); err != nil {
		return string(words), err
	}
	return path, nil
}
