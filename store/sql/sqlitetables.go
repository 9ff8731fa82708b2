package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Statements are prepared once for each connection that is kept. SQLite would compile one with LIMIT ? anew for each
// number, but not one with LIMIT ? + 0.
const (
	liteLoad = `SELECT version, last_seen, body FROM coatcheck_sessions WHERE id = ?`
	liteList = `SELECT id, version, created, last_seen, body FROM coatcheck_sessions
WHERE (created, id) < (?, ?) ORDER BY created DESC, id DESC LIMIT ? + 0`
	liteListUser = `SELECT id, version, created, last_seen, body FROM coatcheck_sessions
WHERE owner = ? AND (created, id) < (?, ?) ORDER BY created DESC, id DESC LIMIT ? + 0`
	liteLive = `SELECT id, created, last_seen FROM coatcheck_sessions
WHERE owner = ? AND created > ? AND ends > ? ORDER BY created DESC, id DESC LIMIT ? + 0`
	liteCount     = `SELECT count(*) FROM coatcheck_sessions WHERE created > ?`
	liteCountUser = `SELECT count(*) FROM coatcheck_sessions WHERE owner = ? AND created > ?`
	liteLook      = `SELECT version, owner FROM coatcheck_sessions WHERE id = ?`
	liteOwned     = `SELECT id FROM coatcheck_sessions WHERE owner = ?`
	liteDue       = `SELECT id FROM coatcheck_sessions WHERE ends <= ? ORDER BY ends LIMIT ? + 0`

	// Nothing happens if the ID is taken.
	liteInsert = `INSERT INTO coatcheck_sessions (id, version, owner, created, last_seen, expires, idle, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`
	liteSave = `UPDATE coatcheck_sessions
SET version = version + 1, last_seen = max(last_seen, ?), expires = ?, idle = ?, body = ? WHERE id = ? AND version = ?`
	liteTouch  = `UPDATE coatcheck_sessions SET last_seen = ? WHERE id = ? AND last_seen < ?`
	liteDelete = `DELETE FROM coatcheck_sessions WHERE id = ?`

	liteSetNotBefore = `INSERT INTO coatcheck_switches (owner, at) VALUES (?, ?)
ON CONFLICT (owner) DO UPDATE SET at = max(at, excluded.at)`
	liteOldNotBefore = `DELETE FROM coatcheck_switches WHERE at < ?`
	liteNotBefore    = `SELECT owner, at FROM coatcheck_switches`

	// Commits are durable, and leave checkpoints to the checkpointer until the log has 8000 pages, 32 MB.
	liteSetUp  = `PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000`
	liteBegin  = `BEGIN IMMEDIATE`
	liteCommit = `COMMIT`

	// A checkpoint tells whether it gave up, the pages in the log, and how many of them it has moved. It blocks nobody.
	liteCheckpoint = `PRAGMA wal_checkpoint(PASSIVE)`
	liteCut        = `PRAGMA wal_checkpoint(TRUNCATE)` // waits for readers, and empties the log's file
)

var sqliteSchema = schema{
	make: `CREATE TABLE IF NOT EXISTS coatcheck_schema (id INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT`,
	have: `SELECT version FROM coatcheck_schema WHERE id = 1`,
	set: `INSERT INTO coatcheck_schema (id, version) VALUES (1, ?)
ON CONFLICT (id) DO UPDATE SET version = excluded.version`,
	migrations: [][]string{{
		// Times are microseconds since 1970, idle is in microseconds. The body is that of package store; the columns
		// beside it are what statements need to know. The column ends says in SQL what Record.Ends says in Go.
		`CREATE TABLE coatcheck_sessions (
			id        BLOB    NOT NULL PRIMARY KEY,
			version   INTEGER NOT NULL,
			owner     TEXT    NOT NULL,
			created   INTEGER NOT NULL,
			last_seen INTEGER NOT NULL,
			expires   INTEGER NOT NULL,
			idle      INTEGER NOT NULL,
			ends      INTEGER NOT NULL
				AS (CASE WHEN idle > 0 AND last_seen + idle < expires THEN last_seen + idle ELSE expires END),
			body      BLOB    NOT NULL
		) STRICT, WITHOUT ROWID;
		CREATE INDEX coatcheck_sessions_owner ON coatcheck_sessions (owner, created, id);
		CREATE INDEX coatcheck_sessions_created ON coatcheck_sessions (created, id);
		CREATE INDEX coatcheck_sessions_ends ON coatcheck_sessions (ends);
		CREATE TABLE coatcheck_switches (
			owner TEXT    NOT NULL PRIMARY KEY,
			at    INTEGER NOT NULL
		) STRICT, WITHOUT ROWID;`,
	}},
}

// openSQLite limits a new database to its owner before anything is in it, and switches to write-ahead logging. The file
// of a database in memory is "".
func openSQLite(ctx context.Context, conn *sql.Conn) (file string, err error) {
	var seq int
	var name string
	// main comes first
	if err := conn.QueryRowContext(ctx, `PRAGMA database_list`).Scan(&seq, &name, &file); err != nil {
		return "", err
	}
	var tables int
	if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master`).Scan(&tables); err != nil {
		return "", err
	}
	if tables == 0 && file != "" {
		if err := protect(file); err != nil {
			return "", err
		}
	}
	var mode string
	if err := conn.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode); err != nil {
		return "", err
	}
	if mode != "wal" && file != "" {
		return "", fmt.Errorf("the database cannot use write-ahead logging, its journal mode is %s", mode)
	}
	return file, nil
}

// protect makes a database its owner's alone. SQLite gives the files that it puts beside it the same mode, but some may
// be there already if the connection was opened with a journal mode.
func protect(file string) error {
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		if err := os.Chmod(file+suffix, 0o600); err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return nil
}

// resultCodes are SQLite's primary result codes and what they mean here.
var resultCodes = map[int]failure{
	5: locked, 6: locked, 8: readOnly, 10: ioError, 11: damaged, 13: full, 14: unreadable, 18: tooBig, 23: unreadable,
	26: notDatabase,
}

// diagnoseSQLite goes by the result code if the driver tells it, and else by SQLite's own words.
func diagnoseSQLite(err error) failure {
	if strings.Contains(err.Error(), "no such table: coatcheck_") {
		return noTables
	}
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		return resultCodes[coded.Code()&0xff]
	}
	for words, f := range map[string]failure{
		"is locked": locked, "disk is full": full, "readonly database": readOnly, "unable to open database": unreadable,
		"not a database": notDatabase, "malformed": damaged, "disk I/O error": ioError, "too big": tooBig,
	} {
		if strings.Contains(err.Error(), words) {
			return f
		}
	}
	return unknown
}
