package proc_test

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"testing"

	"coatcheck.dev/test/internal/proc"
)

// A program that refuses root runs as somebody else, in a folder of its own, and is killed as any other.
func TestUser(t *testing.T) {
	const name = "nobody"
	who, err := user.Lookup(name)
	if os.Getuid() != 0 || err != nil {
		t.Skipf("only root can become %s: %v", name, err)
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	folder := proc.Home(t, name)
	p := proc.Start(t,
		proc.Spec{Path: shell, Args: []string{"-c", "echo of $(id -G) > file; echo I am $(id -u); sleep 600"},
			Dir: folder, User: name})
	if uid := p.Await(regexp.MustCompile(`^I am (\d+)$`))[1]; uid != who.Uid {
		t.Errorf("runs as %s, want %s", uid, who.Uid)
	}
	groups, err := os.ReadFile(filepath.Join(folder, "file"))
	if want := "of " + who.Gid + "\n"; err != nil || string(groups) != want {
		t.Errorf("wrote %q, %v; want %q", groups, err, want)
	}
	p.Kill()
}
