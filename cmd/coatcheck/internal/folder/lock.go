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
	host, _ := os.Hostname()
	if f.held.Truncate(0) == nil { // what is written is for people only, so a full disk is no obstacle
		fmt.Fprintf(f.held, "process %d on %s\n", os.Getpid(), host)
	}
	return nil
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
