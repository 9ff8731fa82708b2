package format

import (
	"context"
	"database/sql"
	"fmt"

	"coatcheck.dev/jar"
)

// A schema is the layout of a browser's database.
type schema struct {
	version        string // query for its version
	oldest, newest int    // versions that are known

	cookies func(version int) (query string)
	scan    func(rows *sql.Rows, version int) (c jar.Cookie, lost string, err error)
}

func (s *schema) read(ctx context.Context, db *sql.DB) (cookies []jar.Cookie, losses []Loss, err error) {
	var version int
	if err := db.QueryRowContext(ctx, s.version).Scan(&version); err != nil {
		return nil, nil, fmt.Errorf("read schema version: %w", err)
	}
	if version < s.oldest || version > s.newest {
		return nil, nil, fmt.Errorf("schema version is %d, known are %d to %d", version, s.oldest, s.newest)
	}
	rows, err := db.QueryContext(ctx, s.cookies(version))
	if err != nil {
		return nil, nil, fmt.Errorf("read cookies: %w", err)
	}
	defer rows.Close()
	for n := 1; rows.Next(); n++ {
		c, lost, err := s.scan(rows, version)
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("row %d: %w", n, err)
		case lost != "":
			losses = append(losses, lossOf(&c, lost))
		default:
			cookies = append(cookies, c)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, nil, fmt.Errorf("read cookies: %w", err)
	}
	return cookies, losses, nil
}
