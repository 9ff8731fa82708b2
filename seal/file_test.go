package seal_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/seal"
)

func TestOpenMakesTheFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	first, err := seal.Open(path)
	must(t, err)
	info, err := os.Stat(path)
	must(t, err)
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode != 0o600 {
		t.Errorf("the file has mode %04o, want 0600", mode)
	}
	second, err := seal.Open(path)
	must(t, err)
	if _, ok := second.Verify("p", first.Sign("p", "m")); !ok {
		t.Error("after opening the file again, what was signed before is refused")
	}
	onlyFile(t, path)
}

func TestProgramsThatStartTogetherAgree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	rings := make([]*seal.Ring, 16)
	var wg sync.WaitGroup
	for i := range rings {
		wg.Go(func() {
			ring, err := seal.Open(path)
			if err != nil {
				t.Error(err)
			}
			rings[i] = ring
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	text := rings[0].Sign("p", "m")
	for i, ring := range rings {
		if _, ok := ring.Verify("p", text); !ok {
			t.Errorf("program %d has other keys than program 0", i)
		}
	}
	onlyFile(t, path)
}

func TestRotationReachesTheFileAndOtherPrograms(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	ours, err := seal.Open(path)
	must(t, err)
	theirs, err := seal.Open(path)
	must(t, err)
	old := ours.Sign("p", "old")

	must(t, ours.Rotate())
	text := ours.Sign("p", "new")
	if _, ok := theirs.Verify("p", text); !ok {
		t.Error("the other program does not know the new key")
	}
	if _, ok := theirs.Verify("p", old); !ok {
		t.Error("the other program has forgotten the old key")
	}

	// A change by the other program must not be lost by ours.
	must(t, theirs.Rotate())
	text = theirs.Sign("p", "newest")
	must(t, ours.Rotate())
	if _, ok := ours.Verify("p", text); !ok {
		t.Error("Rotate lost the key that another program had added")
	}

	if n, err := ours.Retire(time.Now().Add(time.Minute)); n != 3 || err != nil {
		t.Fatalf("Retire = %d, %v, want 3", n, err)
	}
	again, err := seal.Open(path)
	must(t, err)
	if _, ok := again.Verify("p", old); ok {
		t.Error("a retired key is back after a restart")
	}
	onlyFile(t, path)
}

func TestFailedRotationChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	ring, err := seal.Open(path)
	must(t, err)
	before := ring.Sign("p", "m")
	must(t, os.Remove(path))
	if err := ring.Rotate(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Rotate without its file = %v, want fs.ErrNotExist", err)
	}
	if err := ring.Reload(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Reload without its file = %v, want fs.ErrNotExist", err)
	}
	if ring.Sign("p", "m") != before {
		t.Error("after a failed Rotate another key signs")
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	const entry = "2026-01-02T03:04:05Z AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	const header = "coatcheck keys 1\n"
	for name, c := range map[string]struct{ text, says string }{
		"empty":             {"", "damaged"},
		"something else":    {"hello\n" + entry, "damaged"},
		"newer version":     {"coatcheck keys 2\n" + entry, "or a newer one"},
		"no key":            {header + "# nothing\n", "holds no key"},
		"no time":           {header + strings.Replace(entry, "2026-01-02T", "2026-01-02 ", 1), "line 2"},
		"other time zone":   {header + strings.Replace(entry, "Z", "+01:00", 1), "line 2"},
		"impossible day":    {header + strings.Replace(entry, "01-02", "02-30", 1), "line 2"},
		"short key":         {header + strings.Replace(entry, "AAA", "", 1), "line 2"},
		"long key":          {header + strings.Replace(entry, "AAA", "AAAA", 1), "line 2"},
		"unused bits":       {header + entry[:len(entry)-2] + "B\n", "line 2"},
		"carriage return":   {header + entry[:len(entry)-1] + "\r\n", "line 2"},
		"Windows lines":     {strings.ReplaceAll(header+entry, "\n", "\r\n"), "Windows"},
		"newest not first":  {header + entry + strings.Replace(entry, "2026", "2027", 1), "newest first"},
		"too many keys":     {header + strings.Repeat(entry, seal.MaxKeys+1), "remove the oldest"},
		"too large":         {header + strings.Repeat("#\n", 1<<14), "no key file"},
		"byte order mark":   {"\ufeff" + header + entry, "damaged"},
		"text after a key":  {header + entry[:len(entry)-1] + " retired\n", "line 2"},
		"second line wrong": {header + entry + "x\n", "line 3"},
	} {
		path := filepath.Join(t.TempDir(), "keys")
		must(t, os.WriteFile(path, []byte(c.text), 0o600))
		_, err := seal.Open(path)
		switch {
		case err == nil:
			t.Errorf("%s: opened", name)
		case !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path):
			t.Errorf("%s: %q does not say %q and which file", name, err, c.says)
		case strings.Contains(err.Error(), "AAAAAAAA"):
			t.Errorf("%s: the error shows a key: %q", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != c.text {
			t.Errorf("%s: the refused file was changed", name)
		}
	}
}

func TestFilesThatOthersCanReadAreRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such modes on Windows")
	}
	path := filepath.Join(t.TempDir(), "keys")
	_, err := seal.Open(path)
	must(t, err)
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o601, 0o666} {
		must(t, os.Chmod(path, mode))
		if _, err := seal.Open(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %04o: Open = %v, want an error that says what to do", mode, err)
		}
	}
	must(t, os.Chmod(path, 0o400))
	if _, err := seal.Open(path); err != nil {
		t.Errorf("mode 0400: %v", err)
	}
}

func TestPathsThatAreRefused(t *testing.T) {
	folder := t.TempDir()
	if _, err := seal.Open(folder); err == nil {
		t.Error("a folder was opened as a key file")
	}
	if _, err := seal.Open(filepath.Join(folder, "missing", "keys")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder: %v, want fs.ErrNotExist", err)
	}
}

func TestCommentsAndEmptyLinesAreAllowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	must(t,
		os.WriteFile(path,
			[]byte("coatcheck keys 1\n# ours\n\n2026-01-02T03:04:05Z AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
			0o600))
	ring, err := seal.Open(path)
	must(t, err)
	// Computed apart from this package, with Python's hmac: a change of the format shows here.
	const want = "dark.3mG8Qit7mjkqslZ0ZHZgaLCdTqviOvF_bCeEdptx3Vo"
	if got := ring.Sign("theme", "dark"); got != want {
		t.Errorf("Sign = %q, want %q", got, want)
	}
}

// onlyFile makes sure that no temporary file stays behind.
func onlyFile(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	if len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("the folder holds %v, want the key file alone", entries)
	}
}

// Rows: A29
func TestRingsFollowTheirFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	ours, err := seal.Open(path)
	must(t, err)
	synctest.Test(t, func(t *testing.T) {
		theirs, err := seal.Open(path)
		must(t, err)
		ctx, stop := context.WithCancel(t.Context())
		reports := make(chan error, 9)
		go theirs.Follow(ctx, func(err error) { reports <- err })
		passes := func() { time.Sleep(time.Second); synctest.Wait() }

		must(t, ours.Rotate())
		sealed := ours.Seal("p", []byte("m"))
		passes()
		if _, ok := theirs.Open("p", sealed); !ok {
			t.Error("a second after the file has changed, the new key is unknown")
		}
		_, err = ours.Retire(time.Now().Add(100 * 365 * 24 * time.Hour))
		must(t, err)
		must(t, os.Rename(path, path+".away"))
		passes()
		passes()
		if _, ok := theirs.Open("p", sealed); !ok {
			t.Error("the keys went away with the file")
		}
		must(t, os.Rename(path+".away", path))
		passes()
		if n := len(theirs.Keys()); n != 1 {
			t.Errorf("%d keys after the retirement, want 1", n)
		}
		stop()
		synctest.Wait()
		var told []bool
		for range len(reports) {
			told = append(told, <-reports == nil)
		}
		if !slices.Equal(told, []bool{true, false, true}) {
			t.Errorf("told of %v, want a change, a failure and a change", told)
		}
	})
	seal.New().Follow(t.Context(), nil) // has no file, and returns
}

func TestKeysFromAText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	ours, err := seal.Open(path)
	must(t, err)
	text, err := os.ReadFile(path)
	must(t, err)
	theirs, err := seal.Parse(string(text))
	must(t, err)
	if _, ok := theirs.Open("p", ours.Seal("p", nil)); !ok {
		t.Error("the same keys do not open")
	}
	if err := theirs.Rotate(); !errors.Is(err, seal.ErrFixed) {
		t.Errorf("Rotate = %v", err)
	}
	if _, err := theirs.Retire(time.Now()); !errors.Is(err, seal.ErrFixed) {
		t.Errorf("Retire = %v", err)
	}
	must(t, theirs.Reload())
	if _, err := seal.Parse("hello"); err == nil {
		t.Error("what is no key file was accepted")
	}
}

// Whoever meets a new key first reads the file, and the others that meet it meanwhile have to wait for that: while two
// nodes rotated, four of 12,623 requests counted as those of strangers.
//
// Rows: I12, A29
func TestANewKeyIsKnownToAllThatMeetItAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	ours, err := seal.Open(path)
	must(t, err)
	theirs, err := seal.Open(path)
	must(t, err)
	for range seal.MaxKeys - 1 {
		must(t, ours.Rotate())
		sealed, signed := ours.Seal("p", []byte("fresh")), ours.Sign("p", "fresh")
		start := make(chan struct{})
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				<-start
				if _, ok := theirs.Open("p", sealed); !ok {
					t.Error("a text sealed by the new key counts as forged")
				}
			})
			all.Go(func() {
				<-start
				if _, ok := theirs.Verify("p", signed); !ok {
					t.Error("a text signed by the new key counts as forged")
				}
			})
		}
		close(start)
		all.Wait()
	}
}

// A copy of the keys that a killed program has left beside its file does not outlive the next change.
//
// Rows: I12
func TestACopyOfTheKeysIsNotLeftBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	ring, err := seal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(filepath.Dir(path), ".keys-1234567890")
	if err := os.WriteFile(left, text, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour) // for systems where files have no locks
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	if err := ring.Rotate(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("there is %v, %v", entries, err)
	}
}
