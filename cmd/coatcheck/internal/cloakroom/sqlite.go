package cloakroom

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

// openFile opens an SQLite database. A missing one is made, empty, unless somebody only wants a look.
func openFile(path string, look bool) (*Room, error) {
	if _, err := os.Stat(path); look && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no database %s: coatcheck serve makes it; name another folder with --data, or another store with --store", path)
	} else if look && err != nil {
		return nil, err
	}
	if err := makePrivate(path); err != nil {
		return nil, fmt.Errorf("make the database: %w", err)
	}
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	// One connection writes; the others read, and more of them than processors gain nothing.
	pool(db, runtime.GOMAXPROCS(0)+2)
	s := sqlstore.New(db, sqlstore.SQLite)
	return &Room{
		Store: s, check: s.Check, prepare: s.Prepare, local: true, made: hasTables(db),
		server: func(ctx context.Context) (string, error) {
			return scan(ctx, db, "SELECT 'SQLite ' || sqlite_version()")
		},
		close: func(ctx context.Context) error { return errors.Join(s.Close(ctx), db.Close()) },
	}, nil
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

// pool bounds the connections. Those that are idle are kept, as a new one costs more than a question.
func pool(db *sql.DB, connections int) {
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
}

// hasTables asks a database whether there are tables of ours.
func hasTables(db *sql.DB) func(context.Context) bool {
	return func(ctx context.Context) bool {
		_, err := scan(ctx, db, "SELECT version FROM coatcheck_schema WHERE id = 1")
		return err == nil
	}
}

func scan(ctx context.Context, db *sql.DB, query string) (text string, err error) {
	err = db.QueryRowContext(ctx, query).Scan(&text)
	return text, err
}
