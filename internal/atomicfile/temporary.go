package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// createTemporary makes a locked file beside path, for its owner alone (mode 0600).
func createTemporary(path string) (*os.File, error) {
	for {
		f, err := os.CreateTemp(filepath.Dir(path), temporaryStem(path)+"*")
		if err != nil {
			return nil, err
		}
		there, err := hold(f)
		if there && err == nil {
			return f, nil
		}
		f.Close()
		if err != nil {
			os.Remove(f.Name())
			return nil, err
		}
	}
}

// hold locks a temporary file, and reports whether it is still there then: another writer may have found it before.
func hold(f *os.File) (there bool, err error) {
	if err := lock(f); err != nil {
		return false, err
	}
	own, err := f.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Lstat(f.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(own, named), err
}

// removeAbandoned removes the temporary files of writers that were killed, because they may hold secrets. That of a
// writer that lives is locked, and stays. Nobody is told what cannot be removed: the next writer tries again.
func removeAbandoned(path string) {
	folder := filepath.Dir(path)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		if isTemporary(e, temporaryStem(path)) {
			removeUnlocked(filepath.Join(folder, e.Name()))
		}
	}
}

func temporaryStem(path string) string { return "." + filepath.Base(path) + "-" }

// isTemporary reports whether a file is called as os.CreateTemp calls those of createTemporary, and is one.
func isTemporary(e fs.DirEntry, stem string) bool {
	number, ok := strings.CutPrefix(e.Name(), stem)
	return ok && number != "" && strings.Trim(number, "0123456789") == "" && e.Type().IsRegular()
}
