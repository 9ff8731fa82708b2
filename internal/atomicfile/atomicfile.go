// Package atomicfile writes small files that are there whole or not at all, even after a power cut. Only their owner
// may read them (mode 0600). Their folder has to exist. A program that is killed while it writes "keys" leaves a file
// such as ".keys-123" behind, which the next one that writes "keys" removes.
package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Create makes a file. If there is one already, it stays as it is, so of several programs that create it at once one
// wins.
func Create(path string, data []byte) error {
	return write(path, bytesOf(data), func(temporary, path string) error {
		if err := os.Link(temporary, path); !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
}

// Replace makes a file, or replaces it. Of a symbolic link the file that it leads to is replaced, and not the link:
// somebody else may have another name for that file.
func Replace(path string, data []byte) error { return ReplaceBy(path, bytesOf(data)) }

// ReplaceBy is Replace for what need not be in memory as a whole. With an error of fill the file stays as it was.
func ReplaceBy(path string, fill func(io.Writer) error) error {
	return write(path, fill, os.Rename)
}

// Rename gives a file another name in its folder, durably. Of several programs that rename it at once one wins, and the
// others get fs.ErrNotExist.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

func bytesOf(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// write brings a temporary file from beside path to its place.
func write(path string, fill func(io.Writer) error, place func(temporary, path string) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	removeAbandoned(path)
	f, err := createTemporary(path)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after a rename
	defer f.Close()           // not before it is in its place, because until then it is locked
	if err := errors.Join(fill(f), f.Sync(), release(f)); err != nil {
		return err
	}
	if err := place(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name durable. Windows cannot open folders for this, but NTFS journals names itself.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}
