package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// A schema brings the tables of a database from nothing to the present.
type schema struct {
	// migrations are in the order in which they were released; the n-th leads to version n, in one statement or
	// several. Once released, a migration never changes.
	migrations [][]string

	make string // the table of the version
	have string // -> version
	set  string // version
}

// migrate runs the migrations that the database has not seen, all in one transaction where the database can do that;
// where it cannot, each can be run again.
func (s *schema) migrate(ctx context.Context, tx execer) error {
	if _, err := tx.ExecContext(ctx, s.make); err != nil {
		return err
	}
	have, err := s.version(ctx, tx)
	if err != nil {
		return err
	}
	for i := have; i < len(s.migrations); i++ {
		for _, text := range s.migrations[i] {
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return fmt.Errorf("migration %d: %w", i+1, err)
			}
		}
		if _, err := tx.ExecContext(ctx, s.set, i+1); err != nil {
			return err
		}
	}
	return nil
}

// made reports whether there are tables.
func (s *schema) made(ctx context.Context, q querier, diagnose func(error) failure) (bool, error) {
	have, err := s.version(ctx, q)
	if err != nil && diagnose(err) == noTables {
		return false, nil
	}
	return have > 0, err
}

// A querier is a pool, a connection or a transaction, and an execer too.
type (
	querier interface {
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	}
	execer interface {
		querier
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	}
)

// version returns the version of the tables, 0 if there are none, or an error if this program does not know it.
func (s *schema) version(ctx context.Context, q querier) (int, error) {
	var have int
	err := q.QueryRowContext(ctx, s.have).Scan(&have)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	if known := len(s.migrations); have > known {
		return 0, fmt.Errorf("its tables are of version %d and this program knows them up to version %d, "+
			"use a newer version of the program", have, known)
	}
	return have, nil
}
