package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// prepared is a database that is ready for use.
type prepared struct {
	file *file
	stmt stmts
}

// stmts are the prepared statements; see statements for what they take and give.
type stmts struct {
	load, insert, save, touch, delete, look, owned *sql.Stmt
	list, listUser, count, countUser, over         *sql.Stmt
	setSwitch, oldSwitch, switches, lock           *sql.Stmt
}

// Prepare makes the tables, or brings them up to date, and checks that the database can be used. Every method does so
// at its first call, again if it failed; a program that prepares as it starts finds out before its first visitor does.
func (s *Store) Prepare(ctx context.Context) error {
	_, err := s.prepare(ctx)
	return s.explain(ctx, "prepare the database", err)
}

// prepare returns the database, ready for use.
func (s *Store) prepare(ctx context.Context) (*prepared, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p := s.ready.Load(); p != nil {
		return p, nil
	}
	select {
	case s.preparing <- struct{}{}:
		defer func() { <-s.preparing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if p := s.ready.Load(); p != nil {
		return p, nil
	}
	if s.closed {
		return nil, errClosed
	}
	var p *prepared
	err := s.patiently(ctx, func() (err error) {
		p, err = s.open(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.ready.Store(p)
	return p, nil
}

func (s *Store) open(ctx context.Context) (*prepared, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	path, err := s.dialect.open(ctx, conn)
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx, conn); err != nil {
		return nil, err
	}
	if err := conn.Close(); err != nil { // so that preparing works in a pool of one connection
		return nil, err
	}
	p := new(prepared)
	if p.file, err = newFile(path); err != nil {
		return nil, err
	}
	return p, p.stmt.prepare(ctx, s.db, &s.dialect.statements)
}

// migrate runs the migrations that the database has not seen, all in one transaction.
func (s *Store) migrate(ctx context.Context, conn *sql.Conn) error {
	text := &s.dialect.statements
	if _, err := conn.ExecContext(ctx, s.dialect.enter); err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, text.makeSchema); err != nil {
		return err
	}
	var have int
	err = tx.QueryRowContext(ctx, text.version).Scan(&have)
	known := len(s.dialect.migrations)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return err
	case have > known:
		return fmt.Errorf("its tables are of version %d and this program knows them up to version %d, use a newer version of the program", have, known)
	case have == known:
		return nil
	}
	for i := have; i < known; i++ {
		if _, err := tx.ExecContext(ctx, s.dialect.migrations[i]); err != nil {
			return fmt.Errorf("migration %d: %w", i+1, err)
		}
	}
	if _, err := tx.ExecContext(ctx, text.setVersion, known); err != nil {
		return err
	}
	return tx.Commit()
}

// all pairs each statement with its text.
func (st *stmts) all(text *statements) map[**sql.Stmt]string {
	return map[**sql.Stmt]string{
		&st.load: text.load, &st.insert: text.insert, &st.save: text.save, &st.touch: text.touch, &st.delete: text.delete,
		&st.look: text.look, &st.owned: text.owned, &st.list: text.list, &st.listUser: text.listUser,
		&st.count: text.count, &st.countUser: text.countUser, &st.over: text.over,
		&st.setSwitch: text.setSwitch, &st.oldSwitch: text.oldSwitch, &st.switches: text.switches, &st.lock: text.lock,
	}
}

func (st *stmts) prepare(ctx context.Context, db *sql.DB, text *statements) error {
	for stmt, text := range st.all(text) {
		var err error
		if *stmt, err = db.PrepareContext(ctx, text); err != nil {
			st.close()
			return err
		}
	}
	return nil
}

// close gives the statements back. The database stays open; it is the caller's.
func (st *stmts) close() {
	for stmt := range st.all(new(statements)) {
		if *stmt != nil {
			(*stmt).Close()
		}
	}
}
