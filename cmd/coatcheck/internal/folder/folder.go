package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A Folder is a data folder.
type Folder struct {
	path string
	held *os.File // locked, unless the folder is only read from
}

// At returns the folder at a path to read from. It may be missing. Its paths are whole ones, as addresses of databases
// need them.
func At(path string) *Folder {
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	return &Folder{path: path}
}

// Open returns the folder at a path. A missing one is made, for its owner alone. No other program can open it until
// Close, or until this program ends.
func Open(path string) (*Folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the data folder: %w", err)
	}
	if err := Make(path); err != nil {
		return nil, err
	}
	probe, err := os.CreateTemp(path, ".writable-*")
	if err != nil {
		return nil, fmt.Errorf("the data folder %s is not writable: %w (choose another with --data)", path, cause(err))
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, err
	}
	f := &Folder{path: path}
	return f, f.lock()
}

// Make makes a folder for its owner alone, unless it is there.
func Make(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w (choose another with --data)", err)
	}
	return nil
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

// DatabasePath returns where sessions are kept, unless they are kept elsewhere.
func (f *Folder) DatabasePath() string { return filepath.Join(f.path, "coatcheck.db") }

// HistoryPath returns where what has happened is kept, unless nodes share it.
func (f *Folder) HistoryPath() string { return filepath.Join(f.path, "history.db") }

// EndingsPath returns where it is kept which sessions end together, and how far that is.
func (f *Folder) EndingsPath() string { return filepath.Join(f.path, "endings.db") }

// RollbackPath returns where this node keeps what package rollback compares with the store.
func (f *Folder) RollbackPath() string { return filepath.Join(f.path, "rollback.json") }

// IndexPath returns where the index of sessions is.
func (f *Folder) IndexPath() string { return filepath.Join(f.path, "console-index.db") }

// KeysPath returns where the keys that sign and encrypt are, unless they are elsewhere.
func (f *Folder) KeysPath() string { return filepath.Join(f.path, "keys") }

// AppKeysPath returns where the keys of services are, unless they are elsewhere.
func (f *Folder) AppKeysPath() string { return filepath.Join(f.path, "app-keys") }

// OperatorsPath returns where the operators are, unless they are elsewhere.
func (f *Folder) OperatorsPath() string { return filepath.Join(f.path, "operators") }

// LinksPath returns where the sign-in links of operators are.
func (f *Folder) LinksPath() string { return filepath.Join(f.path, "sign-in-links") }

// ConsolePath returns where the address of the console is, for links that another process makes.
func (f *Folder) ConsolePath() string { return filepath.Join(f.path, "console-url") }

// WebhooksPath returns where the outbox of webhooks is.
func (f *Folder) WebhooksPath() string { return filepath.Join(f.path, "webhooks.db") }

// CertificatesPath returns where the certificates are that an authority has given, and the account with it.
func (f *Folder) CertificatesPath() string { return filepath.Join(f.path, "certificates") }
