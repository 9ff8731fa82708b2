package folder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// errLocked says that another program has locked the file.
var errLocked = errors.New("locked by another program")

// lock makes the folder this program's alone. The system releases the lock when the program ends, however it ends. The
// file stays, because whoever deletes it might delete the one that the next program has just locked.
func (f *Folder) lock() (err error) {
	path := f.lockPath()
	f.held, err = lockFile(path)
	switch {
	case errors.Is(err, errLocked):
		return fmt.Errorf("the data folder %s is in use by another coatcheck%s: "+
			"stop that one, or choose another folder with --data", f.path, holder(path))
	case err != nil:
		return fmt.Errorf("the data folder %s cannot be locked: %w (choose another with --data)", f.path, cause(err))
	}
	sign(f.held)
	return nil
}

// LockKeys makes the changes of a file of keys or operators this program's alone, until the lock is closed or the
// program ends. Nobody needs it to read the file, because that is replaced as a whole. The folder is made if it is
// missing; the file of the lock, beside the other, stays.
func LockKeys(keys string) (io.Closer, error) {
	if err := Make(filepath.Dir(keys)); err != nil {
		return nil, err
	}
	path := keys + ".lock"
	if file, err := filepath.EvalSymlinks(keys); err == nil {
		path = file + ".lock" // beside the file itself, which others may know by another name
	}
	held, err := lockFile(path)
	switch {
	case errors.Is(err, errLocked):
		return nil, fmt.Errorf("the file %s is being changed by another coatcheck%s: wait for that one, and see what "+
			"it has done", keys, holder(path))
	case err != nil:
		return nil, fmt.Errorf("the file %s cannot be locked: %w", keys, err)
	}
	sign(held)
	return held, nil
}

// sign writes into a locked file who holds it. That is for people only, so a full disk is no obstacle.
func sign(held *os.File) {
	host, _ := os.Hostname()
	if held.Truncate(0) == nil {
		fmt.Fprintf(held, "process %d on %s\n", os.Getpid(), host)
	}
}

func (f *Folder) lockPath() string { return filepath.Join(f.path, "lock") }

// holder says who has locked a file, as far as they have written it there.
func holder(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	text, _ := io.ReadAll(io.LimitReader(file, 1<<10))
	if text := strings.TrimSpace(string(text)); text != "" {
		return " (" + text + ")"
	}
	return ""
}

// Close lets another program have the folder.
func (f *Folder) Close() error { return f.held.Close() }
