package sqlstore

import (
	"errors"
	"io/fs"
	"os"
	"sync/atomic"
	"time"
)

// A file is the one that a database had when it was opened. If another one takes its place, or none, what is
// written goes where nobody will find it, and what is read may be missing although it never ended.
type file struct {
	path    string // empty if the database is in no file
	info    os.FileInfo
	checked atomic.Int64 // when moved was last called, in seconds since 1970
	gone    atomic.Bool  // what moved found then
}

func newFile(path string) (*file, error) {
	f := &file{path: path}
	if path == "" {
		return f, nil
	}
	var err error
	f.info, err = os.Stat(path)
	return f, err
}

// moved reports whether the file is no longer the one that was opened.
func (f *file) moved() bool {
	if f.path == "" {
		return false
	}
	info, err := os.Stat(f.path)
	gone := err != nil || !os.SameFile(info, f.info)
	f.gone.Store(gone)
	return gone
}

// check returns an error if the file has moved.
func (f *file) check() error {
	if f.moved() {
		return errMoved
	}
	return nil
}

// movedLately is moved for those who call it all the time: as long as all is well, it looks once a second.
func (f *file) movedLately() bool {
	now := time.Now().Unix()
	last := f.checked.Load()
	return (f.gone.Load() || last != now && f.checked.CompareAndSwap(last, now)) && f.moved()
}

// walBytes returns the size of a database's write-ahead log. Without one it is 0.
func walBytes(path string) (int64, error) {
	info, err := os.Stat(path + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f *file) longWAL() bool {
	n, err := walBytes(f.path)
	return f.path != "" && err == nil && n > LongWAL
}
