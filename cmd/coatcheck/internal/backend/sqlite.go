package backend

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
	"strings"
	"time"

	sqlstore "coatcheck.dev/store/sql"
	_ "modernc.org/sqlite" // the driver "sqlite": without cgo, so that the program is one file
)

var sqliteFile = engine{
	name: "SQLite", schemes: []string{"sqlite"}, example: "sqlite:/var/lib/coatcheck/sessions.db", parse: parseSQLite,
}

func parseSQLite(_, path string) (Address, error) {
	path = strings.TrimPrefix(path, "//")
	switch {
	case path == "" || path == ":memory:":
		return Address{}, errors.New("it names no file")
	case strings.ContainsAny(path, "\x00\n"):
		return Address{}, errors.New("a path is one line")
	}
	path, err := filepath.Abs(path)
	return File(path), err
}

// File is the address of an SQLite database.
func File(path string) Address {
	open := func(_ context.Context, look bool) (*Backend, error) { return openSQLite(path, look) }
	return Address{Engine: "SQLite", text: "sqlite:" + path, open: open}
}

// openSQLite opens a database. A missing one is made, empty, unless somebody only wants a look.
func openSQLite(path string, look bool) (*Backend, error) {
	switch _, err := os.Stat(path); {
	case look && errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no database %s: coatcheck serve makes it; "+
			"name another folder with --data, or another store with --store", path)
	case look && err != nil:
		return nil, err
	}
	if err := makePrivate(path); err != nil {
		return nil, fmt.Errorf("make the database: %w", err)
	}
	// The store tries again when it meets a lock. Short attempts let it tell why before its callers give up.
	db, err := sql.Open("sqlite", dataSource(path, "_pragma=busy_timeout(200)"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	// One connection writes. The others read, and more of them than processors gain nothing.
	b := newSQL(db, CloseFile, runtime.GOMAXPROCS(0)+2, sqlstore.SQLite, sqlstore.Options{},
		"SELECT 'SQLite ' || sqlite_version()")
	b.local, b.wal = true, path+"-wal"
	return b, nil
}

// OpenFile opens an SQLite database that is no store, with parameters of the driver such as "mode=ro". A missing file
// is made, for its owner alone.
func OpenFile(path, parameters string) (*sql.DB, error) {
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	return sql.Open("sqlite", dataSource(path, parameters+"&_pragma=busy_timeout(2000)"))
}

// closeWait is for what callers of a database have broken off.
const closeWait = 2 * time.Second

// CloseFile closes an SQLite database, with its last connection: that one puts the journal away. Package sql ends what
// callers have broken off behind them, and closes the connection of such a call later, if the program still runs then.
func CloseFile(db *sql.DB) error {
	for began := time.Now(); db.Stats().InUse > 0 && time.Since(began) < closeWait; {
		time.Sleep(time.Millisecond)
	}
	return db.Close()
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
func dataSource(path, query string) string {
	path = filepath.ToSlash(path)
	if path[0] != '/' {
		path = "/" + path // as in C:/
	}
	uri := url.URL{Scheme: "file", Path: path, RawQuery: query}
	return uri.String()
}
