package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// SQLite is the dialect of SQLite 3.35 and later. Package documentation says what it promises.
var SQLite = &Dialect{
	name:    "sqlite",
	connect: sqliteConnect,
	path:    sqlitePath,
	hint:    sqliteHint,

	migrations: []string{`
CREATE TABLE coatcheck_sessions (
	id      BLOB NOT NULL PRIMARY KEY,
	version INTEGER NOT NULL,
	user    BLOB NOT NULL,    -- bytes: a user's name need not be text
	created INTEGER NOT NULL, -- this and the next: microseconds since 1970
	seen    INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	idle    INTEGER NOT NULL, -- microseconds; 0 is no idle timeout
	ends    INTEGER NOT NULL, -- the earlier one of expires and seen + idle
	body    BLOB NOT NULL     -- the rest of the record
) WITHOUT ROWID;
CREATE INDEX coatcheck_by_user ON coatcheck_sessions (user, created, id) WHERE user <> x'';
CREATE INDEX coatcheck_by_created ON coatcheck_sessions (created, id);
CREATE INDEX coatcheck_by_end ON coatcheck_sessions (ends);
CREATE TABLE coatcheck_switches (user BLOB NOT NULL PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
`},

	begin:   "BEGIN IMMEDIATE",
	load:    "SELECT version, seen, body FROM coatcheck_sessions WHERE id = ?",
	version: "SELECT version FROM coatcheck_sessions WHERE id = ?",

	listAll: `SELECT id, created, version, seen, body FROM coatcheck_sessions
		WHERE (created, id) < (?, ?) ORDER BY created DESC, id DESC LIMIT ?`,
	listUser: `SELECT id, created, version, seen, body FROM coatcheck_sessions
		WHERE user = ? AND user <> x'' AND (created, id) < (?, ?) ORDER BY created DESC, id DESC LIMIT ?`,
	countAll:  "SELECT count(*) FROM coatcheck_sessions",
	countUser: "SELECT count(*) FROM coatcheck_sessions WHERE user = ? AND user <> x''",

	create: `INSERT INTO coatcheck_sessions (id, version, user, created, seen, expires, idle, ends, body)
		VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
	save: `UPDATE coatcheck_sessions SET version = version + 1, seen = max(seen, ?1), expires = ?2, idle = ?3,
		ends = CASE ?3 WHEN 0 THEN ?2 ELSE min(?2, max(seen, ?1) + ?3) END, body = ?4 WHERE id = ?5 AND version = ?6`,
	touch: `UPDATE coatcheck_sessions SET seen = ?1, ends = CASE idle WHEN 0 THEN expires ELSE min(expires, ?1 + idle) END
		WHERE id = ?2 AND seen < ?1`,
	delete:     "DELETE FROM coatcheck_sessions WHERE id = ?",
	deleteUser: "DELETE FROM coatcheck_sessions WHERE user = ? AND user <> x''",
	sweep: `DELETE FROM coatcheck_sessions WHERE id IN (
		SELECT id FROM coatcheck_sessions WHERE ends <= ? ORDER BY ends LIMIT ?) RETURNING id`,

	switches:       "SELECT user, at FROM coatcheck_switches",
	setSwitch:      "INSERT INTO coatcheck_switches (user, at) VALUES (?, ?) ON CONFLICT (user) DO UPDATE SET at = max(at, excluded.at)",
	forgetSwitches: "DELETE FROM coatcheck_switches WHERE at < ?",
}

// sqliteConnect makes every commit of the connection wait for the disk. Another process that holds the lock is waited for a little
// less long than sessions wait for a store, so that the error says what it was.
func sqliteConnect(ctx context.Context, c *sql.Conn) error {
	for _, pragma := range []string{"PRAGMA busy_timeout = 1500", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"} {
		if _, err := c.ExecContext(ctx, pragma); err != nil {
			return fmt.Errorf("%s: %w", pragma, err)
		}
	}
	return nil
}

func sqlitePath(ctx context.Context, c *sql.Conn) (path string, err error) {
	err = c.QueryRowContext(ctx, "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path)
	return path, err
}

// sqliteHint goes by SQLite's own messages: they are the same through every driver.
func sqliteHint(err error) string {
	text := err.Error()
	for _, h := range []struct{ sign, hint string }{
		{"database or disk is full", "the disk is full: make room"},
		{"database is locked", "another process holds the database: end it, or wait until it is done"},
		{"file is not a database", "the file is something else: move it away, or name another one"},
		{"readonly database", "the file or its folder is not writable"},
		{"disk I/O error", "the disk fails, or the file was cut off"},
		{"unable to open database file", "the file or its folder is missing or not accessible"},
	} {
		if strings.Contains(text, h.sign) {
			return h.hint
		}
	}
	return ""
}
