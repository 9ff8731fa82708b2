package backend

import (
	"context"
	"database/sql"
	"errors"
	"time"

	sqlstore "coatcheck.dev/store/sql"
)

const (
	// connections is the size of a node's pool unless the address says otherwise: a database server has a hundred or
	// so for all its clients, and sixteen at a time keep it busy.
	connections = 16

	connectTimeout = 5 * time.Second
	idleTime       = 5 * time.Minute  // before an unused connection is given back
	lifeTime       = 30 * time.Minute // so that a server that was added gets its share
)

// openServer finds out whether a database server answers. version is a query for its kind and version.
func openServer(
	ctx context.Context, db *sql.DB, size int, dialect sqlstore.Dialect, o sqlstore.Options, version string,
) (*Backend, error) {
	db.SetConnMaxIdleTime(idleTime)
	db.SetConnMaxLifetime(lifeTime)
	b := newSQL(db, (*sql.DB).Close, size, dialect, o, version)
	if _, err := b.check(ctx); err != nil { // it says what to do, as a ping does not
		return nil, errors.Join(err, b.close(ctx))
	}
	return b, nil
}

// newSQL bounds the connections. Those that are idle are kept, because a new one costs more than a query.
func newSQL(
	db *sql.DB, shut func(*sql.DB) error, size int, dialect sqlstore.Dialect, o sqlstore.Options, version string,
) *Backend {
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	s := sqlstore.New(db, dialect, o)
	return &Backend{
		Store: s, db: db, check: s.Check, prepare: s.Prepare, made: s.Made, many: s.CreateMany, scan: s.Scan,
		version: func(ctx context.Context) (text string, err error) {
			err = db.QueryRowContext(ctx, version).Scan(&text)
			return text, err
		},
		close: func(ctx context.Context) error { return errors.Join(s.Close(ctx), shut(db)) },
	}
}
