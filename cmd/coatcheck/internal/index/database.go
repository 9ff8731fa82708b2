package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// format is the version of the tables. A file of another one is made anew.
const format = "5"

// tables has one row for a session in live. What many sessions have in common stands once, in facet, because there are
// few different browsers and methods. Times are microseconds since 1970, and addresses are 16 bytes, those of IPv4 as
// IPv6 has them, so that a network is a range.
const tables = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE facet (
	id INTEGER PRIMARY KEY, browser TEXT NOT NULL, label TEXT NOT NULL, method TEXT NOT NULL, level INTEGER NOT NULL,
	signed_in INTEGER NOT NULL, remembered INTEGER NOT NULL, bound INTEGER NOT NULL,
	shown TEXT NOT NULL, folded TEXT NOT NULL
);
CREATE TABLE live (
	id INTEGER PRIMARY KEY, handle BLOB NOT NULL, facet INTEGER NOT NULL,
	created INTEGER NOT NULL, seen INTEGER NOT NULL, ends INTEGER NOT NULL, expires INTEGER NOT NULL,
	addr BLOB NOT NULL, address TEXT NOT NULL, fold BLOB NOT NULL, user BLOB NOT NULL
);
CREATE INDEX facet_browser ON facet (shown, id);
CREATE INDEX facet_label ON facet (folded, id);
CREATE INDEX facet_method ON facet (method, id);
CREATE INDEX facet_level ON facet (level, id);
CREATE INDEX facet_signed_in ON facet (signed_in, id);
CREATE INDEX facet_remembered ON facet (remembered, id);
CREATE INDEX facet_bound ON facet (bound, id);
`

// indexes are made when the table has been filled: to sort all rows once takes a fraction of what it takes to find a
// place for each. All have the facet, and those of times the address, so that counts need no table; the one
// of the usual order has all times, so that what fits is far down the list is found without the table as well.
var indexes = []string{
	`CREATE UNIQUE INDEX live_handle ON live (handle)`,
	`CREATE INDEX live_created ON live (created, id, facet, addr, seen, ends)`,
	`CREATE INDEX live_seen ON live (seen, created, id, facet, addr)`,
	`CREATE INDEX live_ends ON live (ends, created, id, facet, addr)`,
	`CREATE INDEX live_user ON live (fold, created, id, facet)`,
	`CREATE INDEX live_address ON live (addr, created, seen, id, facet)`,
	`CREATE INDEX live_facet ON live (facet, created, id)`,
}

// Memory for pages of the file, in KiB: of the connection that writes and of each that reads.
const (
	buildCache = 16 << 10 // while it is made: rows are only added then, and sorted
	writeCache = 24 << 10
	readCache  = 8 << 10
	readers    = 4
)

// A database is the file while it is open.
type database struct {
	path  string
	write *sql.DB // one connection
	read  *sql.DB
}

// errNew says that there is no file.
var errNew = errors.New("index: there is no file")

// openTables opens a database that is whole: made by this version for this store, with every session that was there at
// some time.
func openTables(ctx context.Context, path, store string) (*database, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, errNew
	}
	for _, end := range ends {
		if err := os.Chmod(path+end, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	opened := connect(path, "wal")
	if err := opened.judge(ctx, store); err != nil {
		opened.close()
		return nil, err
	}
	return opened, nil
}

// judge returns what is wrong with a database.
func (f *database) judge(ctx context.Context, store string) error {
	for name, want := range map[string]string{"format": format, "store": store, "whole": "yes"} {
		got := ""
		err := f.write.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = ?`, name).Scan(&got)
		if err != nil {
			return fmt.Errorf("index: the file cannot be read: %w", err)
		}
		if got != want {
			return fmt.Errorf("index: the file has another %s: %.100q", name, got)
		}
	}
	// What is damaged in the part that lists go through shows here.
	var rows int
	if err := f.write.QueryRowContext(ctx, `SELECT count(*) FROM live`).Scan(&rows); err != nil {
		return fmt.Errorf("index: the file cannot be read: %w", err)
	}
	return nil
}

// makeFile makes an empty database in place of what is there. Until it is whole nobody reads it, and if the program
// ends before that, it is thrown away: so it needs no journal.
func makeFile(ctx context.Context, path, store string) (*database, error) {
	if err := removeFile(path); err != nil {
		return nil, err
	}
	made, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if err := made.Close(); err != nil {
		return nil, err
	}
	f := connect(path, "off")
	_, err = f.write.ExecContext(ctx, tables+`INSERT INTO meta VALUES ('format', ?), ('store', ?), ('whole', 'no')`,
		format, store)
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// ends are those of the names of files that belong to a database.
var ends = []string{"", "-wal", "-shm", "-journal"}

func removeFile(path string) error {
	for _, end := range ends {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// finish makes the indexes, and the database whole.
func (f *database) finish(ctx context.Context) (*database, error) {
	for _, index := range indexes {
		if _, err := f.write.ExecContext(ctx, index); err != nil {
			return nil, err
		}
	}
	if _, err := f.write.ExecContext(ctx, `UPDATE meta SET value = 'yes' WHERE name = 'whole'`); err != nil {
		return nil, err
	}
	f.close()
	whole := connect(f.path, "wal")
	if err := whole.write.PingContext(ctx); err != nil { // who reads finds the journal there
		whole.close()
		return nil, err
	}
	return whole, nil
}

// connect opens no connection yet. Without a journal the file is the connection's alone.
func connect(path, journal string) *database {
	f := &database{path: path}
	cache, more := writeCache, "journal_mode(wal)&_pragma=synchronous(normal)&_pragma=journal_size_limit(33554432)"
	if journal == "off" {
		cache, more = buildCache, "journal_mode(off)&_pragma=synchronous(off)&_pragma=locking_mode(exclusive)"
	}
	f.write, _ = sql.Open("sqlite", source(path, cache, more)) // the driver is there
	f.write.SetMaxOpenConns(1)
	f.read, _ = sql.Open("sqlite", source(path, readCache, "query_only(1)"))
	f.read.SetMaxOpenConns(readers)
	f.read.SetMaxIdleConns(readers)
	return f
}

// source is what the driver takes: the file, the memory for its pages, and one more pragma or several.
func source(path string, cache int, more string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed
	}
	pragmas := []string{"busy_timeout(5000)", fmt.Sprintf("cache_size(-%d)", cache), more}
	query := "_pragma=" + strings.Join(pragmas, "&_pragma=")
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: query}).String()
}

func (f *database) close() {
	_ = backend.CloseFile(f.read) // there is nothing to be saved
	_ = backend.CloseFile(f.write)
}

// isDamage reports whether an error says that the file is of no use: it is not what it was, or it may not be written.
func isDamage(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_ERROR: // a table or an index that is missing is damage as well
		return true
	}
	return false
}

// modified returns when the database was last written.
func (f *database) modified() (t time.Time) {
	for _, end := range []string{"", "-wal"} {
		if info, err := os.Stat(f.path + end); err == nil && info.ModTime().After(t) {
			t = info.ModTime()
		}
	}
	return t
}
