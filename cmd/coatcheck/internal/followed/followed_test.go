package followed_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/followed"
	"coatcheck.dev/internal/atomicfile"
)

func upper(text []byte) (string, error) {
	if strings.Contains(string(text), "?") {
		return "", errors.New("1: a question")
	}
	return strings.ToUpper(string(text)), nil
}

// Whatever was believed for a moment is told, too: what was given while it counted may have to be taken back.
func TestFollowTellsOfWhatWasHeldForAMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	f, err := followed.Open(path, 100, upper)
	if err != nil {
		t.Fatal(err)
	}
	changed := make(chan string)
	go f.Follow(t.Context(), func(_, now string, _ time.Time) { changed <- now }, func(err error) { t.Error(err) })
	replace := func(text string) {
		if err := atomicfile.Replace(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	replace("begin")
	if got := <-changed; got != "BEGIN" {
		t.Fatal(got)
	}
	for _, text := range []string{"one", "two", "three"} {
		replace(text)
	}
	for _, want := range []string{"ONE", "TWO", "THREE"} {
		if got := <-changed; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What changes between opening and following is told as well, and what was there before.
func TestFollowTellsOfWhatItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := followed.Open(path, 100, upper)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"two", "three"} {
		if err := atomicfile.Replace(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	changed := make(chan string)
	go f.Follow(t.Context(), func(was, now string, _ time.Time) {
		changed <- was + " " + now
	}, func(err error) { t.Error(err) })
	for _, want := range []string{"ONE TWO", "TWO THREE"} {
		if got := <-changed; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A change is told although somebody else has had the file read first, and a file that cannot be read leaves what was
// there.
func TestFollowTellsOfEachChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	f, err := followed.Open(path, 100, upper)
	if err != nil || f.Held() != "" {
		t.Fatalf("a missing file holds %q, %v", f.Held(), err)
	}
	changed, failed := make(chan string), make(chan error)
	go f.Follow(t.Context(), func(_, now string, _ time.Time) { changed <- now }, func(err error) { failed <- err })
	for _, text := range []string{"one", "two"} {
		if err := atomicfile.Replace(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Reload(); err != nil || f.Held() != strings.ToUpper(text) {
			t.Fatal(f.Held(), err)
		}
		if got := <-changed; got != strings.ToUpper(text) {
			t.Errorf("it holds %q", got)
		}
	}
	for text, want := range map[string]string{"why?": path + ":1: a question", strings.Repeat("x", 101): "too many"} {
		if err := atomicfile.Replace(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := <-failed; !strings.Contains(err.Error(), want) || f.Held() != "TWO" {
			t.Errorf("%v; it holds %q", err, f.Held())
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := <-changed; got != "" {
		t.Errorf("a file that is gone holds %q", got)
	}
}
