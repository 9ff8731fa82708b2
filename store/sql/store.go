package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// A Store is a [store.Store], a [store.Feed] and a [store.Checker]. Use New to make one.
type Store struct {
	engine engine

	ready     atomic.Bool   // the engine is open
	preparing chan struct{} // a lock for whom opens it, that a context can end the wait for
	closed    bool          // guarded by preparing
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Feed    = (*Store)(nil)
	_ store.Checker = (*Store)(nil)
)

// Options are what a database server can be asked for beside the usual. The zero value is good for every dialect.
type Options struct {
	// Listen makes the feed of PostgreSQL quicker: changes that other processes make are told within milliseconds
	// instead of up to 30, and the server is asked less often. It sends LISTEN for the channel on a connection of its
	// own, which must not go through a pooler, calls heard for each notification until the context ends or the
	// connection breaks, and returns. It is called again after that. Set it in every process: those that have it also
	// send what the others hear.
	Listen func(ctx context.Context, channel string, heard func()) error
}

// New returns a store that keeps its records in db, which stays the caller's. It does nothing yet; see [Store.Prepare].
// Of several options the last counts. It panics without a database or a dialect.
func New(db *sql.DB, d Dialect, options ...Options) *Store {
	switch {
	case db == nil:
		panic(errors.New("sqlstore: New needs a database: sql.Open opens one"))
	case d.start == nil:
		panic(errors.New("sqlstore: New needs the dialect of the database: SQLite, PostgreSQL or MySQL"))
	}
	var o Options
	if len(options) > 0 {
		o = options[len(options)-1]
	}
	return &Store{engine: d.start(db, o), preparing: make(chan struct{}, 1)}
}

// Prepare makes the tables, or brings them up to date, as every method does at its first call, again if it failed. Then
// it is [Store.Try]: a program that prepares as it starts finds out what is missing before its first visitor does.
func (s *Store) Prepare(ctx context.Context) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	return s.Try(ctx)
}

// Made reports whether there are tables. It makes none, as every other method but [Store.Check] does.
func (s *Store) Made(ctx context.Context) (bool, error) {
	made, err := s.engine.made(ctx)
	return made, s.explain(ctx, "look for the tables", err)
}

// open is for calls that need no more of the database than that it is there.
func (s *Store) open(ctx context.Context) error {
	return s.do(ctx, "prepare the database", func() error { return nil })
}

// prepare opens the engine unless it is open.
func (s *Store) prepare(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.ready.Load() {
		return nil
	}
	select {
	case s.preparing <- struct{}{}:
		defer func() { <-s.preparing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.ready.Load() {
		return nil
	}
	if s.closed {
		return errClosed
	}
	if err := s.engine.open(ctx); err != nil {
		return err
	}
	s.ready.Store(true)
	return nil
}

// Close waits until what has been handed over is committed, and lets nothing in any more. A store that is not closed
// leaves no goroutine behind either, once nobody is subscribed; Close is for programs that are about to close the
// database.
func (s *Store) Close(ctx context.Context) error {
	select {
	case s.preparing <- struct{}{}:
		defer func() { <-s.preparing }()
	case <-ctx.Done():
		return s.explain(ctx, "close", ctx.Err())
	}
	s.closed = true
	s.ready.Store(false)
	return s.explain(ctx, "close", s.engine.close(ctx))
}

// do prepares the database and has something done with it.
func (s *Store) do(ctx context.Context, doing string, f func() error) error {
	err := s.prepare(ctx)
	if err == nil {
		err = f()
	}
	return s.explain(ctx, doing, err)
}

// explain says what was being done and what can be done about it. Errors that belong to the contract stay as they are.
func (s *Store) explain(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil || isOutcome(err):
		return err
	case ctx.Err() != nil:
		err = ctx.Err() // a cancelled statement fails in many words
	case errors.Is(err, errClosed):
	default:
		err = s.engine.explain(err)
	}
	return fmt.Errorf("sqlstore: %s: %w", doing, err)
}

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, id store.ID) (store.Record, error) {
	var r row
	err := s.do(ctx, "load a session", func() (err error) {
		r, err = s.engine.load(ctx, id)
		return err
	})
	if err != nil {
		return store.Record{}, err
	}
	return r.record()
}

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	v := valuesOf(&r)
	return s.do(ctx, "create a session", func() error { return s.engine.create(ctx, v, replaces) })
}

// Save implements [store.Store].
func (s *Store) Save(ctx context.Context, r store.Record) error {
	v := valuesOf(&r)
	return s.do(ctx, "save a session", func() error { return s.engine.save(ctx, v) })
}

// touchSlice is how many touches are one transaction at most.
const touchSlice = 500

// Touch implements [store.Store].
func (s *Store) Touch(ctx context.Context, seen []store.Seen) error {
	return s.do(ctx, "touch sessions", func() error {
		for slice := range slices.Chunk(slices.Clone(seen), touchSlice) { // the caller may go on before the engine does
			if err := s.engine.touch(ctx, slice); err != nil {
				return err
			}
		}
		return nil
	})
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, id store.ID) (found bool, err error) {
	err = s.do(ctx, "delete a session", func() (err error) {
		found, err = s.engine.remove(ctx, id)
		return err
	})
	return found, err
}

// DeleteUser implements [store.Store].
func (s *Store) DeleteUser(ctx context.Context, user string, keep ...store.ID) (ids []store.ID, err error) {
	if user == "" {
		return nil, s.open(ctx)
	}
	keep = slices.Clone(keep)
	err = s.do(ctx, "delete a user's sessions", func() (err error) {
		ids, err = s.engine.removeUser(ctx, user, keep)
		return err
	})
	return ids, err
}

// List implements [store.Store].
func (s *Store) List(ctx context.Context, q store.Query) (records []store.Record, err error) {
	err = s.do(ctx, "list sessions", func() (err error) {
		records, err = s.list(ctx, q)
		return err
	})
	return records, err
}

// list returns a page. Damaged records are left out, so that it may take more than one look to fill it.
func (s *Store) list(ctx context.Context, q store.Query) ([]store.Record, error) {
	last := row{created: math.MaxInt64}
	if !q.After.ID.IsZero() || !q.After.CreatedAt.IsZero() {
		last = row{id: q.After.ID, created: q.After.CreatedAt.UnixMicro()}
	}
	var records []store.Record
	for limit := q.PageLimit(); len(records) < limit; {
		want := limit - len(records)
		rows, err := s.engine.page(ctx, q.User, last, want)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			r, err := row.record()
			if errors.Is(err, store.ErrDamaged) {
				continue
			}
			if err != nil {
				return nil, err
			}
			r.CreatedAt = micro(row.created) // which the order is by, and so the next page
			records = append(records, r)
		}
		if len(rows) < want {
			break
		}
		last = rows[len(rows)-1]
	}
	return records, nil
}

// Live implements [store.Store]. It is one statement.
func (s *Store) Live(
	ctx context.Context, user string, after, now time.Time, limit int,
) (live []store.Summary, err error) {
	if user == "" || limit <= 0 {
		return nil, s.open(ctx)
	}
	err = s.do(ctx, "find a user's sessions", func() (err error) {
		live, err = s.engine.live(ctx, user, after.UnixMicro(), now.UnixMicro(), limit)
		return err
	})
	return live, err
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, user string, after time.Time) (n int, err error) {
	err = s.do(ctx, "count sessions", func() (err error) {
		n, err = s.engine.count(ctx, user, after.UnixMicro())
		return err
	})
	return n, err
}

// sweepSlice is how many records one transaction sweeps: a few milliseconds' worth, as other writes wait for the one
// that is under way, and may share the next one.
const sweepSlice = 20

// Sweep implements [store.Store].
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (swept int, err error) {
	err = s.do(ctx, "sweep sessions", func() error {
		for more := true; more && swept < limit; {
			var n int
			var err error
			n, more, err = s.engine.sweep(ctx, now, min(limit-swept, sweepSlice))
			if swept += n; err != nil {
				return err
			}
		}
		return nil
	})
	return swept, err
}

// SetNotBefore implements [store.Store].
func (s *Store) SetNotBefore(ctx context.Context, user string, at time.Time) error {
	at = micro(at.UnixMicro())
	return s.do(ctx, "set a cutoff", func() error { return s.engine.setCutoff(ctx, user, at) })
}

// NotBefore implements [store.Store].
func (s *Store) NotBefore(ctx context.Context) (all map[string]time.Time, err error) {
	err = s.do(ctx, "load cutoffs", func() (err error) {
		all, err = s.engine.cutoffs(ctx)
		return err
	})
	return all, err
}

// Subscribe implements [store.Feed].
func (s *Store) Subscribe(tell func(store.Notice)) (stop func()) {
	return s.engine.subscribe(tell, s.prepare)
}

// Check implements [store.Checker]: it says what the settings of the database make of the promises above. It makes no
// tables, and changes nothing: a program that asks it before [Store.Prepare] leaves a database alone that it refuses.
func (s *Store) Check(ctx context.Context) ([]store.Finding, error) {
	if err := ctx.Err(); err != nil {
		return nil, s.explain(ctx, "check the database", err)
	}
	findings, err := s.engine.check(ctx)
	return findings, s.explain(ctx, "check the database", err)
}
