package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// A Store is a [store.Store], a [store.Feed] and a [store.Switchboard]. Use New to make one.
type Store struct {
	store.Hub
	db      *sql.DB
	dialect Dialect
	writer  *writer

	ready     atomic.Pointer[prepared] // nil until the database has been prepared
	preparing chan struct{}            // a lock for whom makes it ready, that a context can end the wait for
	closed    bool                     // guarded by preparing
}

var (
	_ store.Store       = (*Store)(nil)
	_ store.Feed        = (*Store)(nil)
	_ store.Switchboard = (*Store)(nil)
)

// New returns a store that keeps its records in db, which stays the caller's. It does nothing yet; see [Store.Prepare].
func New(db *sql.DB, d Dialect) *Store {
	s := &Store{db: db, dialect: d, preparing: make(chan struct{}, 1)}
	s.writer = newWriter(s.commit)
	return s
}

// Close waits until what has been handed over is committed, and lets nothing in any more. A store that is not closed
// leaves no goroutine behind either; Close is for programs that are about to close the database.
func (s *Store) Close(ctx context.Context) error {
	if err := s.writer.close(ctx); err != nil {
		return s.explain(ctx, "close", err)
	}
	select {
	case s.preparing <- struct{}{}:
		defer func() { <-s.preparing }()
	case <-ctx.Done():
		return s.explain(ctx, "close", ctx.Err())
	}
	s.closed = true
	if p := s.ready.Swap(nil); p != nil {
		p.stmt.close()
	}
	return nil
}

// read looks something up beside the writer.
func (s *Store) read(ctx context.Context, doing string, look func(*prepared) error) error {
	p, err := s.prepare(ctx)
	switch {
	case err != nil:
	case p.file.movedLately():
		err = errMoved
	default:
		err = s.patiently(ctx, func() error { return look(p) })
	}
	return s.explain(ctx, doing, err)
}

// write has a change made and waits until it is durable.
func (s *Store) write(ctx context.Context, doing string, change func(*txn) error) error {
	_, err := s.prepare(ctx)
	if err == nil {
		err = s.writer.write(ctx, change)
	}
	return s.explain(ctx, doing, err)
}

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, id store.ID) (store.Record, error) {
	row := row{id: id}
	err := s.read(ctx, "load a session", func(p *prepared) error {
		err := p.stmt.load.QueryRowContext(ctx, id[:]).Scan(&row.version, &row.seen, &row.body)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if p.file.moved() { // nobody may be signed out because of an empty file
			return errMoved
		}
		return store.ErrNotFound
	})
	if err != nil {
		return store.Record{}, err
	}
	return row.record()
}

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	values := valuesOf(&r)
	return s.write(ctx, "create a session", func(t *txn) error { return t.create(values, replaces) })
}

// Save implements [store.Store].
func (s *Store) Save(ctx context.Context, r store.Record) error {
	values := valuesOf(&r)
	return s.write(ctx, "save a session", func(t *txn) error { return t.save(values) })
}

// touchSlice is how many touches are one transaction at most.
const touchSlice = 500

// Touch implements [store.Store].
func (s *Store) Touch(ctx context.Context, seen []store.Seen) error {
	if len(seen) == 0 {
		return s.Prepare(ctx)
	}
	seen = append([]store.Seen(nil), seen...) // the caller may go on before the writer does
	for len(seen) > 0 {
		slice := seen[:min(len(seen), touchSlice)]
		seen = seen[len(slice):]
		if err := s.write(ctx, "touch sessions", func(t *txn) error { return t.touch(slice) }); err != nil {
			return err
		}
	}
	return nil
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, id store.ID) (bool, error) {
	var found bool
	err := s.write(ctx, "delete a session", func(t *txn) (err error) {
		found, err = t.remove(id, store.Deleted)
		return err
	})
	if err != nil { // also because the writer may not have set found yet
		return false, err
	}
	return found, nil
}

// DeleteUser implements [store.Store].
func (s *Store) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	if user == "" {
		return nil, s.Prepare(ctx)
	}
	kept := make(map[store.ID]bool, len(keep))
	for _, id := range keep {
		kept[id] = true
	}
	var ids []store.ID
	err := s.write(ctx, "delete a user's sessions", func(t *txn) (err error) {
		ids, err = t.removeUser(user, kept)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// List implements [store.Store].
func (s *Store) List(ctx context.Context, q store.Query) (records []store.Record, err error) {
	err = s.read(ctx, "list sessions", func(p *prepared) error {
		records, err = p.list(ctx, q)
		if err == nil && p.file.moved() {
			return errMoved
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, user string) (n int, err error) {
	err = s.read(ctx, "count sessions", func(p *prepared) error {
		row := p.stmt.count.QueryRowContext
		if user == "" {
			err = row(ctx).Scan(&n)
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

// sweepSlice is how many records one transaction sweeps, so that other writes get in between.
const sweepSlice = 200

// Sweep implements [store.Store].
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (swept int, err error) {
	for swept < limit {
		want, n := min(limit-swept, sweepSlice), 0
		err := s.write(ctx, "sweep sessions", func(t *txn) (err error) {
			n, err = t.sweep(now, want)
			return err
		})
		if err != nil {
			return swept, err
		}
		if swept += n; n < want {
			break
		}
	}
	return swept, nil
}
