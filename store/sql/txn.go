package sqlstore

import (
	"context"
	"fmt"

	"coatcheck.dev/store"
)

// uncancelled is the context of a transaction: it carries the changes of many callers, and none of them ends it.
var uncancelled = context.Background()

// A txn is a transaction that is the one writer of the database. It does without [sql.Tx]: that starts a goroutine for
// each transaction, and waking it twice takes longer than the statements do.
type txn struct {
	*connection
	notices []store.Notice // of what it changes, to be published once it is committed
	rows    int64          // changed
	over    bool           // committed
}

func (t *txn) exec(text string, args ...any) (affected int64, err error) {
	stmt, err := t.prepare(text)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(uncancelled, args...)
	if err != nil {
		return 0, err
	}
	affected, err = result.RowsAffected()
	t.rows += affected
	return affected, err
}

func (t *txn) ids(text string, args ...any) ([]store.ID, error) {
	stmt, err := t.prepare(text)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(uncancelled, args...)
	if err != nil {
		return nil, err
	}
	return scanIDs(rows)
}

func (t *txn) tell(n store.Notice) { t.notices = append(t.notices, n) }

// begin starts a transaction, as soon as no other program writes.
func (s *sqlite) begin(ctx context.Context, conn *connection) (*txn, error) {
	err := s.patiently(ctx, func() error {
		if !conn.durable {
			if _, err := conn.ExecContext(uncancelled, liteSetUp); err != nil {
				return err
			}
			conn.durable = true
		}
		return conn.run(liteBegin)
	})
	return &txn{connection: conn}, err
}

func (t *txn) commit() error {
	err := t.run(liteCommit)
	t.over = err == nil
	return err
}

// end undoes what has not been committed.
func (t *txn) end() {
	if !t.over {
		_, _ = t.ExecContext(uncancelled, `ROLLBACK`) // SQLite may have done so itself
	}
}

// commit makes the changes of a batch durable in one transaction, and answers. A change that fails must not take the
// others with it: nothing has happened yet, so each is tried by itself. The context ends only the wait for a connection
// and for other programs.
func (s *sqlite) commit(ctx context.Context, batch []*write) {
	failed, err := s.tryCommit(ctx, batch)
	if failed && len(batch) > 1 {
		for i := range batch {
			s.commit(ctx, batch[i:i+1])
		}
		return
	}
	for _, w := range batch {
		if err != nil {
			w.err = err
		}
		w.finish()
	}
}

// tryCommit runs a batch. With an error nothing has happened, as far as anybody can tell; failed says that one of the
// changes failed, and not the transaction.
func (s *sqlite) tryCommit(ctx context.Context, batch []*write) (failed bool, err error) {
	file := s.file.Load()
	if err := file.check(); err != nil {
		return false, err
	}
	conn, err := s.connections.take(ctx)
	if err != nil {
		return false, err
	}
	defer func() { s.connections.put(conn, err) }()
	s.turn.Lock()
	defer s.turn.Unlock()
	t, err := s.begin(ctx, conn)
	if err != nil {
		return false, err
	}
	defer t.end()
	for _, w := range batch {
		if w.err = w.run(t); w.err != nil && !isOutcome(w.err) {
			return true, w.err
		}
	}
	if err := t.commit(); err != nil {
		return false, err
	}
	if err := file.check(); err != nil { // it may have gone into the old file
		return false, err
	}
	s.checkpoints.wrote(t.rows)
	for _, n := range t.notices {
		s.Publish(n)
	}
	return false, nil
}

// run makes one change. A panic of a driver must not end the program, nor leave callers waiting.
func (w *write) run(t *txn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errPanic, p)
		}
	}()
	return w.do(t)
}
