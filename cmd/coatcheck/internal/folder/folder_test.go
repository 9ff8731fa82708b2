package folder_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/folder"
)

func open(t *testing.T, path string) *folder.Folder {
	t.Helper()
	f, err := folder.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestEverythingIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes: the user's own folder protects what is in it")
	}
	path := filepath.Join(t.TempDir(), "a", "b c%?#&ü")
	f := open(t, path)
	if _, err := f.Token(slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	modes := map[string]os.FileMode{}
	filepath.WalkDir(path, func(p string, d os.DirEntry, err error) error {
		if info, err := d.Info(); err == nil {
			modes[filepath.Base(p)] = info.Mode().Perm()
		}
		return err
	})
	for name, want := range map[string]os.FileMode{
		filepath.Base(path): 0o700, "console-token": 0o600, "lock": 0o600,
	} {
		if modes[name] != want {
			t.Errorf("%s has mode %#o, want %#o", name, modes[name], want)
		}
		delete(modes, name)
	}
	if len(modes) > 0 {
		t.Errorf("what is %v?", modes)
	}
}

// A manager of volumes widens the modes of all that is in a volume, and its own. The next start puts that right.
func TestWidenedFilesAreTightened(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes: the user's own folder protects what is in it")
	}
	path := t.TempDir()
	f := open(t, path)
	files := []string{f.DatabasePath(), f.DatabasePath() + "-wal", f.RollbackPath(), f.KeysPath()}
	for _, file := range files {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	files = append(files, filepath.Join(path, "lock"))
	for _, file := range files {
		if err := os.Chmod(file, 0o660); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(path, 0o775); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	open(t, path).Tighten(slog.New(slog.NewTextHandler(&log, nil)))
	for file, want := range map[string]os.FileMode{path: 0o755, files[0]: 0o600, files[3]: 0o600, files[4]: 0o600} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v; want %#o", file, info.Mode(), err, want)
		}
	}
	for _, file := range append(files, path) {
		if !strings.Contains(log.String(), file) {
			t.Errorf("the warning does not name %s: %s", file, log.String())
		}
	}
	log.Reset()
	folder.At(path).Tighten(slog.New(slog.NewTextHandler(&log, nil)))
	if log.Len() > 0 {
		t.Errorf("what is right is warned about: %s", log.String())
	}
}

func TestTokenStays(t *testing.T) {
	path := t.TempDir()
	f := open(t, path)
	first, err := f.Token(slog.New(slog.DiscardHandler))
	if err != nil || len(first) != 43 {
		t.Fatalf("token %q, %v", first, err)
	}
	f.Close()
	second, err := open(t, path).Token(slog.New(slog.DiscardHandler))
	if err != nil || second != first {
		t.Errorf("token %q, then %q, %v", first, second, err)
	}
	other, err := open(t, t.TempDir()).Token(slog.New(slog.DiscardHandler))
	if err != nil || other == first {
		t.Errorf("two folders have the token %q, %v", other, err)
	}
}

// Even callers that have not locked the folder agree on one token.
func TestTokenRace(t *testing.T) {
	path := t.TempDir()
	tokens := make(chan string)
	for range 8 {
		go func() {
			token, err := folder.At(path).Token(slog.New(slog.DiscardHandler))
			if err != nil {
				token = err.Error()
			}
			tokens <- token
		}()
	}
	first := <-tokens
	for range 7 {
		if token := <-tokens; token != first || len(token) != 43 {
			t.Errorf("tokens %q and %q", first, token)
		}
	}
	if entries, _ := os.ReadDir(path); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

// Of programs that start at once one gets the folder, and the next one as soon as that has ended. The others leave it
// alone and say who has it.
func TestOneProgramHasTheFolder(t *testing.T) {
	path := t.TempDir()
	var first *folder.Folder
	for range 3 {
		type opened struct {
			*folder.Folder
			error
		}
		all := make(chan opened)
		for range 8 {
			go func() {
				f, err := folder.Open(path)
				all <- opened{f, err}
			}()
		}
		for range 8 {
			switch o := <-all; {
			case o.error == nil && first == nil:
				first = o.Folder
			case o.error == nil:
				t.Error("two have the folder")
			case !strings.Contains(o.Error(), path) || !strings.Contains(o.Error(), "--data") ||
				!strings.Contains(o.Error(), "in use by another coatcheck"):
				t.Errorf("error %v", o.error)
			}
		}
		who := fmt.Sprintf("(process %d on ", os.Getpid())
		if _, err := folder.Open(path); err == nil || !strings.Contains(err.Error(), who) {
			t.Errorf("error %v does not say %s", err, who)
		}
		if first == nil {
			t.Fatal("nobody has the folder")
		}
		if err := first.Close(); err != nil {
			t.Error(err)
		}
		first = nil
	}
}

func TestRefusedTokens(t *testing.T) {
	good := strings.Repeat("a", 42) + "E"
	for _, tt := range []struct {
		why, text string
		mode      os.FileMode
		says      string // "" if it is accepted
	}{
		{"good", good, 0o600, ""},
		{"good, with a line end", good + "\n", 0o400, ""},
		{"others may read it", good, 0o644, ""},
		{"the group may read it", good, 0o660, ""},
		{"others may write it", good, 0o602, ""},
		{"too short", good[1:], 0o600, "is not a token"},
		{"too long", good + "a", 0o600, "is not a token"},
		{"empty", "", 0o600, "is not a token"},
		{"other signs", good[:42] + "+", 0o600, "is not a token"},
	} {
		f := open(t, t.TempDir())
		if err := os.WriteFile(f.TokenPath(), []byte(tt.text), tt.mode); err != nil {
			t.Fatal(err)
		}
		os.Chmod(f.TokenPath(), tt.mode) // whatever the umask is
		var log strings.Builder
		token, err := f.Token(slog.New(slog.NewTextHandler(&log, nil)))
		if warned := strings.Contains(log.String(), "others could read"); warned != (tt.mode&0o077 != 0) {
			t.Errorf("%s: log %q", tt.why, log.String())
		}
		if info, err := os.Stat(f.TokenPath()); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: mode %v, %v", tt.why, info.Mode(), err)
		}
		if (err == nil) != (tt.says == "") || err != nil &&
			(!strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "aaaa")) {
			t.Errorf("%s: %q, %v, want %q", tt.why, token, err, tt.says)
		}
		if err == nil && token != good {
			t.Errorf("%s: token %q", tt.why, token)
		}
	}
}

func TestFolderThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below")} {
		if _, err := folder.Open(path); err == nil || !strings.Contains(err.Error(), "--data") ||
			!strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestFolderThatIsReadOnly(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("modes do not stop this user from writing")
	}
	path := t.TempDir()
	os.Chmod(path, 0o500)
	if _, err := folder.Open(path); err == nil || !strings.Contains(err.Error(), "not writable") ||
		!strings.Contains(err.Error(), "--data") {
		t.Errorf("error is %v", err)
	}
}
