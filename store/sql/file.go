package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// dbFile notices when the file of a database is deleted or replaced while it is open. The system lets a program go on
// with such a file, so reads and writes would seem to succeed, and all of it would be gone at the end.
type dbFile struct {
	path    string // "" for a database without a file
	opened  os.FileInfo
	checked atomic.Int64 // when it was last looked at, in nanoseconds since 1970
}

// fileCheckEvery is how often readers look at the file. Writers look at it for every transaction.
const fileCheckEvery = time.Second

// find notes which file it is. One that is new and empty is made readable by its owner alone, before the log and the
// index come to be, which take its mode.
func (f *dbFile) find(ctx context.Context, c *sql.Conn, d *Dialect) error {
	path, err := d.path(ctx, c)
	if err != nil || path == "" {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("look at the database file: %w", err)
	}
	if info.Size() == 0 {
		if err := os.Chmod(path, 0o600); err != nil {
			return fmt.Errorf("make the database file private: %w", err)
		}
	}
	f.path, f.opened = path, info
	return nil
}

// check looks at the file if that was not done for a second.
func (f *dbFile) check(now time.Time) error {
	last := f.checked.Load()
	if now.UnixNano()-last < int64(fileCheckEvery) || !f.checked.CompareAndSwap(last, now.UnixNano()) {
		return nil
	}
	err := f.checkNow()
	if err != nil {
		f.checked.Store(0) // the next reader shall not believe that all is well
	}
	return err
}

func (f *dbFile) checkNow() error {
	if f.path == "" {
		return nil
	}
	info, err := os.Stat(f.path)
	if err == nil && os.SameFile(info, f.opened) {
		return nil
	}
	return fmt.Errorf("sqlstore: the database file %s was deleted or replaced: put it back, or start the program again", f.path)
}
