package scale

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync/atomic"
)

// A counter makes connections that count what goes to the database and back: a statement, the beginning of a
// transaction, its end.
type counter struct {
	driver.Connector
	trips *atomic.Int64
}

func (c counter) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &counted{inner, c.trips}, nil
}

func (p path) Connect(context.Context) (driver.Conn, error) { return p.Driver().Open("file:" + p.file) }

// counted is a connection. All three drivers have these powers.
type counted struct {
	driver.Conn
	trips *atomic.Int64
}

// count counts what was not skipped: a driver that skips something has not sent it.
func (c *counted) count(err error) {
	if !errors.Is(err, driver.ErrSkip) {
		c.trips.Add(1)
	}
}

func (c *counted) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, text, args)
	c.count(err)
	return rows, err
}

func (c *counted) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.Conn.(driver.ExecerContext).ExecContext(ctx, text, args)
	c.count(err)
	return result, err
}

func (c *counted) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	c.count(err)
	return countedTx{tx, c}, err
}

func (c *counted) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	c.count(err)
	return countedStmt{stmt, c}, err
}

func (c *counted) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (c *counted) ResetSession(ctx context.Context) error {
	if r, ok := c.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

type countedTx struct {
	driver.Tx
	c *counted
}

func (t countedTx) Commit() error {
	t.c.trips.Add(1)
	return t.Tx.Commit()
}

type countedStmt struct {
	driver.Stmt
	c *counted
}

func (s countedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.c.trips.Add(1)
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func (s countedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.c.trips.Add(1)
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}
