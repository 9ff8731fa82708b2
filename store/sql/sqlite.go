package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// SQLite is the dialect of SQLite 3.38 and later, through any driver for it.
var SQLite = Dialect{func(db *sql.DB, _ Options) engine {
	s := &sqlite{db: db, connections: connections{db: db}}
	s.writer.commit = s.commit
	s.checkpoints.checkpoint = s.checkpoint
	return s
}}

// sqlite is the engine for a database in a file. It has one writer, which commits what concurrent callers hand it in
// one transaction. Reads run beside it.
type sqlite struct {
	store.Hub
	db          *sql.DB
	connections connections
	writer      writer
	turn        sync.Mutex // held by a transaction, and by the end of a checkpoint
	checkpoints checkpointer
	file        atomic.Pointer[file] // nil until the database is open
}

func (s *sqlite) open(ctx context.Context) error {
	return s.patiently(ctx, func() error {
		path, err := s.migrate(ctx)
		if err != nil {
			return err
		}
		f, err := newFile(path)
		if err == nil {
			s.file.Store(f)
		}
		return err
	})
}

func (s *sqlite) made(ctx context.Context) (made bool, err error) {
	err = s.patiently(ctx, func() error {
		made, err = sqliteSchema.made(ctx, s.db, diagnoseSQLite)
		return err
	})
	return made, err
}

// migrate brings the tables up to date and returns the path of the database's file.
func (s *sqlite) migrate(ctx context.Context) (path string, err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if path, err = openSQLite(ctx, conn); err != nil {
		return "", err
	}
	if _, err := conn.ExecContext(ctx, liteSetUp); err != nil {
		return "", err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return "", err
	}
	defer tx.Rollback()
	if err := sqliteSchema.migrate(ctx, tx); err != nil {
		return "", err
	}
	return path, tx.Commit()
}

func (s *sqlite) close(ctx context.Context) error {
	if err := s.writer.close(ctx); err != nil {
		return err
	}
	s.connections.release()
	return s.checkpoints.close(ctx)
}

// read runs a statement beside the writer. The context ends the wait for a connection, and not the statement: a look
// at an index is over before a goroutine has begun to watch a context, as drivers need one to do.
func (s *sqlite) read(ctx context.Context, scan func(*sql.Rows) error, text string, args ...any) error {
	if s.file.Load().movedLately() {
		return errMoved
	}
	return s.patiently(ctx, func() error {
		conn, err := s.connections.take(ctx)
		if err != nil {
			return err
		}
		defer func() { s.connections.put(conn, err) }()
		stmt, err := conn.prepare(text)
		if err != nil {
			return err
		}
		rows, err := stmt.QueryContext(uncancelled, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		err = scan(rows)
		return err
	})
}

func (s *sqlite) load(ctx context.Context, id store.ID) (row, error) {
	r := row{id: id}
	err := s.read(ctx, func(rows *sql.Rows) error {
		if rows.Next() {
			return rows.Scan(&r.version, &r.seen, &r.body)
		}
		return cmp.Or(rows.Err(), s.absent(), store.ErrNotFound)
	}, liteLoad, id[:])
	return r, err
}

// absent returns an error if something may be absent only because the file has moved: nobody may be signed out because
// of an empty file.
func (s *sqlite) absent() error { return s.file.Load().check() }

// rows is read for what may have many rows.
func rows[T any](
	ctx context.Context, s *sqlite, scan func(*sql.Rows) (T, error), text string, args ...any,
) (all T, err error) {
	err = s.read(ctx, func(rows *sql.Rows) (err error) {
		if all, err = scan(rows); err == nil {
			err = s.absent()
		}
		return err
	}, text, args...)
	return all, err
}

func (s *sqlite) page(ctx context.Context, user string, after row, limit int) ([]row, error) {
	if user == "" {
		return rows(ctx, s, scanPage, liteList, after.created, after.id[:], limit)
	}
	return rows(ctx, s, scanPage, liteListUser, user, after.created, after.id[:], limit)
}

func (s *sqlite) live(ctx context.Context, user string, after, now int64, limit int) ([]store.Summary, error) {
	return rows(ctx, s, scanSummaries, liteLive, user, after, now, limit)
}

func (s *sqlite) count(ctx context.Context, user string, after int64) (n int, err error) {
	scan := func(rows *sql.Rows) error {
		rows.Next()
		if err := rows.Scan(&n); err != nil || n > 0 {
			return cmp.Or(rows.Err(), err)
		}
		return s.absent()
	}
	if user == "" {
		err = s.read(ctx, scan, liteCount, after)
	} else {
		err = s.read(ctx, scan, liteCountUser, user, after)
	}
	return n, err
}

func (s *sqlite) cutoffs(ctx context.Context) (map[string]time.Time, error) {
	return rows(ctx, s, scanCutoffs, liteNotBefore)
}

func (s *sqlite) create(ctx context.Context, v *values, replaces store.ID) error {
	return s.writer.write(ctx, func(t *txn) error { return t.create(v, replaces) })
}

func (s *sqlite) save(ctx context.Context, v *values) error {
	return s.writer.write(ctx, func(t *txn) error { return t.save(v) })
}

func (s *sqlite) touch(ctx context.Context, seen []store.Seen) error {
	return s.writer.write(ctx, func(t *txn) error { return t.touch(seen) })
}

func (s *sqlite) setCutoff(ctx context.Context, user string, at time.Time) error {
	return s.writer.write(ctx, func(t *txn) error { return t.setCutoff(user, at) })
}

func (s *sqlite) remove(ctx context.Context, id store.ID) (bool, error) {
	return result(ctx, &s.writer, func(t *txn) (bool, error) { return t.remove(id, store.Deleted) })
}

func (s *sqlite) removeUser(ctx context.Context, user string, keep []store.ID) ([]store.ID, error) {
	return result(ctx, &s.writer, func(t *txn) ([]store.ID, error) { return t.removeUser(user, keep) })
}

func (s *sqlite) sweep(ctx context.Context, now time.Time, limit int) (swept int, more bool, err error) {
	if s.file.Load().longWAL() { // changes of other programs, or few large ones, may have made it so
		s.checkpoints.wrote(checkpointRows)
	}
	swept, err = result(ctx, &s.writer, func(t *txn) (int, error) { return t.sweep(now, limit) })
	return swept, swept == limit, err
}

// result makes a change and returns what comes of it. With an error it returns nothing: a caller who has given up must
// not look at what the writer may still be about to set.
func result[T any](ctx context.Context, w *writer, change func(*txn) (T, error)) (T, error) {
	var made, nothing T
	err := w.write(ctx, func(t *txn) (err error) {
		made, err = change(t)
		return err
	})
	if err != nil {
		return nothing, err
	}
	return made, nil
}

func (s *sqlite) subscribe(tell func(store.Notice), _ func(context.Context) error) (stop func()) {
	return s.Subscribe(tell)
}

func (s *sqlite) explain(err error) error {
	if errors.Is(err, errMoved) {
		return err
	}
	if f := s.file.Load(); f != nil && f.moved() {
		return fmt.Errorf("%w (%w)", errMoved, err)
	}
	return advise(diagnoseSQLite(err), err)
}

const (
	lockWait  = 1500 * time.Millisecond // for another program's lock; a caller with 2 seconds still gets the error
	lockPause = 4 * time.Millisecond    // at most, between two attempts
)

// patiently repeats what fails because another program has locked the database.
func (s *sqlite) patiently(ctx context.Context, do func() error) error {
	deadline := time.Now().Add(lockWait)
	for pause := time.Millisecond; ; pause = min(2*pause, lockPause) {
		err := do()
		if err == nil || diagnoseSQLite(err) != locked || time.Now().After(deadline) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}
