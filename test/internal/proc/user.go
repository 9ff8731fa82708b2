package proc

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
	"testing"
)

// Home makes a folder that is a user's own until the test ends, for the [Spec].User of a program. The test's own folder
// is closed to other users.
func Home(t testing.TB, name string) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "coatcheck-"+name+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if as := credential(t, name); as != nil {
		if err := os.Chown(folder, int(as.Uid), int(as.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// credential returns whom to run as, or nil to stay who the test is: nobody but root can become somebody else.
func credential(t testing.TB, name string) *syscall.Credential {
	t.Helper()
	if name == "" || os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatalf("a program is to run as the user that its Debian package makes: %v", err)
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32) // they are numbers on Linux
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
