package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// embedded is the engine for a database in a file. It has one writer, which commits what concurrent callers hand it in
// one transaction; reads run beside it.
type embedded struct {
	store.Hub
	db          *sql.DB
	dialect     *embeddedDialect
	writer      *writer
	checkpoints checkpointer
	opened      atomic.Pointer[prepared]
}

// prepared is a database that is ready for use.
type prepared struct {
	file *file
	stmt stmts
}

func newEmbedded(db *sql.DB, d *embeddedDialect) *embedded {
	e := &embedded{db: db, dialect: d}
	e.writer = newWriter(e.commit)
	e.checkpoints.checkpoint = e.checkpoint
	return e
}

func (e *embedded) open(ctx context.Context) error {
	return e.patiently(ctx, func() error {
		p, err := e.prepare(ctx)
		if err == nil {
			e.opened.Store(p)
		}
		return err
	})
}

func (e *embedded) prepare(ctx context.Context) (*prepared, error) {
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	path, err := e.dialect.open(ctx, conn)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, e.dialect.enter); err != nil {
		return nil, err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	if err := e.dialect.schema.migrate(ctx, tx); err != nil {
		return nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, err
	}
	if err := conn.Close(); err != nil { // so that preparing works in a pool of one connection
		return nil, err
	}
	p := new(prepared)
	if p.file, err = newFile(path); err != nil {
		return nil, err
	}
	return p, p.stmt.prepare(ctx, e.db, &e.dialect.statements)
}

func (e *embedded) close(ctx context.Context) error {
	if err := e.writer.close(ctx); err != nil {
		return err
	}
	if err := e.checkpoints.await(ctx); err != nil {
		return err
	}
	if p := e.opened.Load(); p != nil {
		p.stmt.close()
	}
	return nil
}

// read looks something up beside the writer.
func (e *embedded) read(ctx context.Context, look func(*prepared) error) error {
	p := e.opened.Load()
	if p.file.movedLately() {
		return errMoved
	}
	return e.patiently(ctx, func() error { return look(p) })
}

func (e *embedded) load(ctx context.Context, id store.ID) (row, error) {
	r := row{id: id}
	err := e.read(ctx, func(p *prepared) error {
		err := p.stmt.load.QueryRowContext(ctx, id[:]).Scan(&r.version, &r.seen, &r.body)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if p.file.moved() { // nobody may be signed out because of an empty file
			return errMoved
		}
		return store.ErrNotFound
	})
	return r, err
}

func (e *embedded) page(ctx context.Context, user string, after row, limit int) (page []row, err error) {
	err = e.read(ctx, func(p *prepared) error {
		var rows *sql.Rows
		if user == "" {
			rows, err = p.stmt.list.QueryContext(ctx, after.created, after.id[:], limit)
		} else {
			rows, err = p.stmt.listUser.QueryContext(ctx, user, after.created, after.id[:], limit)
		}
		if err != nil {
			return err
		}
		if page, err = scanPage(rows); err == nil && p.file.moved() {
			return errMoved
		}
		return err
	})
	return page, err
}

func (e *embedded) count(ctx context.Context, user string) (n int, err error) {
	err = e.read(ctx, func(p *prepared) error {
		if user == "" {
			err = p.stmt.count.QueryRowContext(ctx).Scan(&n)
		} else {
			err = p.stmt.countUser.QueryRowContext(ctx, user).Scan(&n)
		}
		if err == nil && p.file.moved() {
			return errMoved
		}
		return err
	})
	return n, err
}

func (e *embedded) switches(ctx context.Context) (all map[string]time.Time, err error) {
	err = e.read(ctx, func(p *prepared) error {
		rows, err := p.stmt.switches.QueryContext(ctx)
		if err != nil {
			return err
		}
		if all, err = scanSwitches(rows); err == nil && p.file.moved() {
			return errMoved
		}
		return err
	})
	return all, err
}

func (e *embedded) create(ctx context.Context, v *values, replaces store.ID) error {
	return e.writer.write(ctx, func(t *txn) error { return t.create(v, replaces) })
}

func (e *embedded) save(ctx context.Context, v *values) error {
	return e.writer.write(ctx, func(t *txn) error { return t.save(v) })
}

func (e *embedded) touch(ctx context.Context, seen []store.Seen) error {
	return e.writer.write(ctx, func(t *txn) error { return t.touch(seen) })
}

// The results below are looked at only without an error: with one, the writer may still be about to set them.

func (e *embedded) remove(ctx context.Context, id store.ID) (bool, error) {
	var found bool
	err := e.writer.write(ctx, func(t *txn) (err error) {
		found, err = t.remove(id, store.Deleted)
		return err
	})
	if err != nil {
		return false, err
	}
	return found, nil
}

func (e *embedded) removeUser(ctx context.Context, user string, keep []store.ID) ([]store.ID, error) {
	kept := make(map[store.ID]bool, len(keep))
	for _, id := range keep {
		kept[id] = true
	}
	var ids []store.ID
	err := e.writer.write(ctx, func(t *txn) (err error) {
		ids, err = t.removeUser(user, kept)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

func (e *embedded) sweep(ctx context.Context, now time.Time, limit int) (int, bool, error) {
	var n int
	err := e.writer.write(ctx, func(t *txn) (err error) {
		n, err = t.sweep(now, limit)
		return err
	})
	if err != nil {
		return 0, false, err
	}
	return n, n == limit, nil
}

func (e *embedded) setSwitch(ctx context.Context, user string, at time.Time) error {
	return e.writer.write(ctx, func(t *txn) error { return t.setSwitch(user, at) })
}

func (e *embedded) subscribe(tell func(store.Notice), _ func(context.Context) error) (stop func()) {
	return e.Subscribe(tell)
}

func (e *embedded) explain(err error) error {
	if errors.Is(err, errMoved) {
		return err
	}
	if p := e.opened.Load(); p != nil && p.file.moved() {
		return fmt.Errorf("%w (%w)", errMoved, err)
	}
	return advise(e.dialect.diagnose(err), err)
}

const (
	lockWait  = 1500 * time.Millisecond // for another program to release its lock; callers who wait for 2 seconds hear of it
	lockPause = 4 * time.Millisecond    // at most, between two attempts
)

// patiently repeats what fails because another program has locked the database.
func (e *embedded) patiently(ctx context.Context, f func() error) error {
	deadline := time.Now().Add(lockWait)
	for pause := time.Millisecond; ; pause = min(2*pause, lockPause) {
		err := f()
		if err == nil || e.dialect.diagnose(err) != locked || time.Now().After(deadline) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}
