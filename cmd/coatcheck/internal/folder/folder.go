package folder

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	sqlstore "coatcheck.dev/store/sql"
	_ "modernc.org/sqlite" // the driver "sqlite": without cgo, so that the program is one file
)

// A Folder is a data folder that is there and can be written to.
type Folder struct{ path string }

// Open returns the folder of a path, which it makes if it is missing: readable by its owner alone.
func Open(path string) (*Folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the data folder: %w", err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder cannot be made: %w (choose another with --data)", err)
	}
	probe, err := os.CreateTemp(path, ".writable-*")
	if err != nil {
		return nil, fmt.Errorf("the data folder %s is not writable: %w (choose another with --data)", path, cause(err))
	}
	return &Folder{path}, errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// cause is the error of the system without the path, for messages that name it already.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// Path returns where the folder is.
func (f *Folder) Path() string { return f.path }

// Sessions is the store of the folder.
type Sessions struct {
	*sqlstore.Store
	db *sql.DB
}

// Sessions opens the database, which is made if it is missing. An error says what stands in the way.
func (f *Folder) Sessions(ctx context.Context) (*Sessions, error) {
	path := filepath.Join(f.path, "coatcheck.db")
	if err := makePrivate(path); err != nil {
		return nil, fmt.Errorf("make the database: %w", err)
	}
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	// One connection writes; the others read, and more of them than processors gain nothing.
	connections := runtime.GOMAXPROCS(0) + 2
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	s := &Sessions{sqlstore.New(db, sqlstore.SQLite), db}
	if err := s.Prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return s, nil
}

// makePrivate makes an empty file for the owner alone. SQLite gives the journal the mode of the database.
func makePrivate(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// dataSource names the file as a URI, so that any character may stand in its path.
func dataSource(path string) string {
	path = filepath.ToSlash(path)
	if path[0] != '/' {
		path = "/" + path // as in C:/
	}
	// The store repeats what meets a lock; each attempt is short, so that it can say why before its callers give up.
	uri := url.URL{Scheme: "file", Path: path, RawQuery: "_pragma=busy_timeout(200)"}
	return uri.String()
}

// Close waits until everything that is queued is durable, or ctx ends, and closes the database.
func (s *Sessions) Close(ctx context.Context) error {
	return errors.Join(s.Store.Close(ctx), s.db.Close())
}
