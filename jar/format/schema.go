package format

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"coatcheck.dev/jar"
)

// A schema is the layout of a browser's database.
type schema struct {
	table, column  string         // that tell the database from others
	fits           func(int) bool // whether PRAGMA user_version may be that of the database; nil is any
	version        string         // query for its version
	oldest, newest int            // versions that are known

	cookies func(version int) (query string)
	scan    func(rows *sql.Rows, version int, o *Options) row
}

// userVersion is the query for the number that a program may give a database. Firefox has done so from its first one
// on, and libsoup does not: their tables have one name, and at first had the same columns.
const userVersion = `PRAGMA user_version`

// A row is a row of the database: a cookie with what is lost of it, or the reason to leave it out.
type row struct {
	cookie  jar.Cookie
	changes []string
	why     string // of leaving it out; "" if it is read
}

// DetectDatabase returns the format of a database, from its tables.
func DetectDatabase(ctx context.Context, db *sql.DB) (Format, error) {
	rows, err := db.QueryContext(ctx, `SELECT sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL`)
	if err != nil {
		return Format{}, fmt.Errorf("read tables: %w", err)
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return Format{}, fmt.Errorf("read tables: %w", err)
		}
		tables = append(tables, text)
	}
	if err := rows.Err(); err != nil {
		return Format{}, fmt.Errorf("read tables: %w", err)
	}
	var version int
	if err := db.QueryRowContext(ctx, userVersion).Scan(&version); err != nil {
		return Format{}, fmt.Errorf("read tables: %w", err)
	}
	f, ok := find(func(f Format) bool {
		s := f.database
		return s != nil && (s.fits == nil || s.fits(version)) && s.isIn(tables)
	})
	if !ok {
		return Format{}, fmt.Errorf("its %d tables are those of no browser that is known", len(tables))
	}
	return f, nil
}

// isIn reports whether one of the tables is that of the schema.
func (s *schema) isIn(tables []string) bool {
	for _, text := range tables {
		_, rest, _ := strings.Cut(text, "TABLE")
		name, columns, _ := strings.Cut(rest, "(")
		if strings.Trim(name, " \t\n\"'`[]") == s.table && strings.Contains(columns, s.column) {
			return true
		}
	}
	return false
}

func (s *schema) read(ctx context.Context, db *sql.DB, o *Options, out *sink) error {
	var version int
	if err := db.QueryRowContext(ctx, s.version).Scan(&version); err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if version < s.oldest || version > s.newest {
		return fmt.Errorf("schema version is %d, known are %d to %d", version, s.oldest, s.newest)
	}
	query := s.cookies(version)
	err := s.readRows(ctx, db, query, version, o, out)
	if before, _, ordered := strings.Cut(query, " ORDER BY "); err != nil && ordered && out.Entries() == 0 {
		// A query that sorts fails as a whole. As the rows lie there, what is before the damage comes out.
		return s.readRows(ctx, db, before, version, o, out)
	}
	return err
}

func (s *schema) readRows(ctx context.Context, db *sql.DB, query string, version int, o *Options, out *sink) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("read cookies: %w", err)
	}
	defer rows.Close()
	for n := 1; rows.Next(); n++ {
		at := place{unit: "row", n: n}
		if r := s.scan(rows, version, o); r.why != "" {
			out.leaveOut(at, &r.cookie, r.why)
		} else {
			out.add(at, &r.cookie, r.changes...)
		}
	}
	if err := rows.Err(); err != nil {
		if out.Read+out.Expired == 0 {
			return fmt.Errorf("read cookies: %w", err)
		}
		out.note(place{}, "the rows that follow: "+err.Error())
	}
	return nil
}
