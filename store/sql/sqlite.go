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

// SQLite is the dialect of SQLite 3.38 and later, through any driver for it.
var SQLite = Dialect{func(db *sql.DB, _ Options) engine { return newEmbedded(db, &sqlite) }}

var sqlite = embeddedDialect{
	statements: statements{
		load:   `SELECT version, last_seen, body FROM coatcheck_sessions WHERE id = ?`,
		insert: `INSERT INTO coatcheck_sessions (id, version, owner, created, last_seen, expires, idle, body) VALUES (?, 1, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		save:   `UPDATE coatcheck_sessions SET version = version + 1, last_seen = max(last_seen, ?), expires = ?, idle = ?, body = ? WHERE id = ? AND version = ?`,
		touch:  `UPDATE coatcheck_sessions SET last_seen = ? WHERE id = ? AND last_seen < ?`,
		delete: `DELETE FROM coatcheck_sessions WHERE id = ?`,
		look:   `SELECT version, owner FROM coatcheck_sessions WHERE id = ?`,
		owned:  `SELECT id FROM coatcheck_sessions WHERE owner = ?`,

		list:      `SELECT id, version, created, last_seen, body FROM coatcheck_sessions WHERE (created, id) < (?, ?) ORDER BY created DESC, id DESC LIMIT ?`,
		listUser:  `SELECT id, version, created, last_seen, body FROM coatcheck_sessions WHERE owner = ? AND (created, id) < (?, ?) ORDER BY created DESC, id DESC LIMIT ?`,
		count:     `SELECT count(*) FROM coatcheck_sessions`,
		countUser: `SELECT count(*) FROM coatcheck_sessions WHERE owner = ?`,
		over:      `SELECT id FROM coatcheck_sessions WHERE ends <= ? ORDER BY ends LIMIT ?`,

		setSwitch: `INSERT INTO coatcheck_switches (owner, at) VALUES (?, ?) ON CONFLICT (owner) DO UPDATE SET at = max(at, excluded.at)`,
		oldSwitch: `DELETE FROM coatcheck_switches WHERE at < ?`,
		switches:  `SELECT owner, at FROM coatcheck_switches`,

		lock: `UPDATE coatcheck_schema SET version = version WHERE id = 0`,
	},
	schema: schema{
		make: `CREATE TABLE IF NOT EXISTS coatcheck_schema (id INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT`,
		have: `SELECT version FROM coatcheck_schema WHERE id = 1`,
		set:  `INSERT INTO coatcheck_schema (id, version) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET version = excluded.version`,
		migrations: [][]string{{
			// Times are microseconds since 1970, idle is in microseconds. The body is that of package store; what stands
			// beside it is what statements need to know. The column ends says in SQL what Record.Ends says in Go.
			`CREATE TABLE coatcheck_sessions (
			id        BLOB    NOT NULL PRIMARY KEY,
			version   INTEGER NOT NULL,
			owner     TEXT    NOT NULL,
			created   INTEGER NOT NULL,
			last_seen INTEGER NOT NULL,
			expires   INTEGER NOT NULL,
			idle      INTEGER NOT NULL,
			ends      INTEGER NOT NULL AS (CASE WHEN idle > 0 AND last_seen + idle < expires THEN last_seen + idle ELSE expires END),
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
	},
	open:       openSQLite,
	enter:      `PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000`, // pages, 32 MB
	checkpoint: `PRAGMA wal_checkpoint(PASSIVE)`,
	diagnose:   diagnoseSQLite,
}

// openSQLite limits a new database to its owner before anything is in it, and switches to write-ahead logging.
func openSQLite(ctx context.Context, conn *sql.Conn) (file string, err error) {
	var seq int
	var name string
	if err := conn.QueryRowContext(ctx, `PRAGMA database_list`).Scan(&seq, &name, &file); err != nil { // main comes first
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
	5: locked, 6: locked, 8: readOnly, 10: ioError, 11: damaged, 13: full, 14: unreadable, 18: tooBig, 23: unreadable, 26: notDatabase,
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
