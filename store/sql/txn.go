package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"coatcheck.dev/store"
)

// A txn is a transaction that is the one writer of the database.
type txn struct {
	tx      *sql.Tx
	stmt    *stmts
	notices []store.Notice // of what it changes, to be published once it is committed
	rows    int64          // changed
}

// No context ends a transaction: it carries the changes of many callers.
var whole = context.Background()

func (t *txn) exec(stmt *sql.Stmt, args ...any) (affected int64, err error) {
	result, err := t.tx.StmtContext(whole, stmt).ExecContext(whole, args...)
	if err != nil {
		return 0, err
	}
	affected, err = result.RowsAffected()
	t.rows += affected
	return affected, err
}

func (t *txn) query(stmt *sql.Stmt, args ...any) (*sql.Rows, error) {
	return t.tx.StmtContext(whole, stmt).QueryContext(whole, args...)
}

func (t *txn) row(stmt *sql.Stmt, args ...any) *sql.Row {
	return t.tx.StmtContext(whole, stmt).QueryRowContext(whole, args...)
}

func (t *txn) tell(n store.Notice) { t.notices = append(t.notices, n) }

// commit makes the changes of a batch durable in one transaction, and answers. If one of them fails, it must not take
// the others with it: nothing has happened yet, so each is tried by itself.
func (e *embedded) commit(batch []*write) {
	outcomes := make([]error, len(batch))
	failed, err := e.tryCommit(batch, outcomes)
	switch {
	case err == nil:
		for i, wr := range batch {
			wr.done <- outcomes[i]
		}
	case failed && len(batch) > 1:
		for i := range batch {
			e.commit(batch[i : i+1])
		}
	default:
		for _, wr := range batch {
			wr.done <- err
		}
	}
}

// tryCommit runs a batch. With an error nothing has happened, as far as anybody can tell; failed says that it was one
// of the changes that failed, and not the transaction.
func (e *embedded) tryCommit(batch []*write, outcomes []error) (failed bool, err error) {
	p := e.opened.Load()
	if p.file.moved() {
		return false, errMoved
	}
	conn, err := e.db.Conn(whole)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	t, err := e.begin(conn, p)
	if err != nil {
		return false, err
	}
	defer t.tx.Rollback()
	for i, wr := range batch {
		if outcomes[i] = run(wr, t); outcomes[i] != nil && !isOutcome(outcomes[i]) {
			return true, outcomes[i]
		}
	}
	if err := t.tx.Commit(); err != nil {
		return false, err
	}
	if p.file.moved() { // while it ran, so that it may have gone into the old file
		return false, errMoved
	}
	e.checkpoints.wrote(t.rows)
	for _, n := range t.notices {
		e.Publish(n)
	}
	return false, nil
}

// run makes one change. A panic of a driver must not end the program, nor leave callers waiting.
func run(wr *write, t *txn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errPanic, p)
		}
	}()
	return wr.do(t)
}

// begin starts a transaction, as soon as no other program writes.
func (e *embedded) begin(conn *sql.Conn, p *prepared) (*txn, error) {
	if _, err := conn.ExecContext(whole, e.dialect.enter); err != nil {
		return nil, err
	}
	var t *txn
	err := e.patiently(whole, func() error {
		tx, err := conn.BeginTx(whole, nil)
		if err != nil {
			return err
		}
		t = &txn{tx: tx, stmt: &p.stmt}
		if _, err = t.exec(p.stmt.lock); err != nil {
			tx.Rollback()
		}
		return err
	})
	return t, err
}
