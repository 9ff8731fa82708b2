package index

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"time"
)

// Kept is what a file says of itself.
type Kept struct {
	Store   string    // whose sessions it has
	Whole   bool      // all of them, and in a form that this version reads
	Rows    int       // sessions
	Checked time.Time // when all had been compared with the store last; zero if that has not been
	Mended  int       // sessions that were wrong then
}

// Look reads what the file of an index says of itself, beside a program that writes to it. It returns false if there is
// no such file.
func Look(ctx context.Context, path string) (k Kept, there bool, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return k, false, nil
	}
	db, err := sql.Open("sqlite", source(path, readCache, "query_only(1)"))
	if err != nil {
		return k, true, err
	}
	defer db.Close()
	said := make(map[string]string)
	rows, err := db.QueryContext(ctx, `SELECT name, value FROM meta`)
	if err != nil {
		return k, true, err
	}
	defer rows.Close()
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return k, true, err
		}
		said[name] = value
	}
	if err := rows.Err(); err != nil {
		return k, true, err
	}
	k.Store, k.Whole = said["store"], said["whole"] == "yes" && said["format"] == format
	if at, err := strconv.ParseInt(said["checked"], 10, 64); err == nil {
		k.Checked = time.UnixMicro(at).UTC()
		k.Mended, _ = strconv.Atoi(said["mended"])
	}
	if k.Whole {
		err = db.QueryRowContext(ctx, `SELECT count(*) FROM live`).Scan(&k.Rows)
	}
	return k, true, err
}

// keep notes in the file what a check has come to.
func (w *writer) keep(ctx context.Context, checked time.Time, mended int) error {
	_, err := w.db.ExecContext(ctx, `INSERT OR REPLACE INTO meta VALUES ('checked', ?), ('mended', ?)`,
		strconv.FormatInt(checked.UnixMicro(), 10), strconv.Itoa(mended))
	return err
}
