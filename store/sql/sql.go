// Package sqlstore keeps sessions in an SQL database, through the application's own *sql.DB. It imports no driver.
//
//	db, err := sql.Open("sqlite", "shop.db")
//	sessions := session.New(sqlstore.New(db, sqlstore.SQLite), session.Options{})
//
// The database may be the application's own: everything here begins with coatcheck_. Tables are made, and brought up to date, by the first call, or by
// [Store.Prepare] at a moment of the application's choice. A program that is too old for the tables says so and touches nothing.
//
// # What SQLite promises
//
// What was acknowledged survives the end of the process at any instruction, and a power cut if the disk keeps what it has
// confirmed: the journal is a write-ahead log, and every commit waits for fsync (synchronous=FULL), whatever the
// application's own connections do. One process owns the database: others may read it, and a backup may be taken with
// SQLite's own means at any time, but their changes are not told to this one's caches.
//
// One goroutine writes. It commits everything that has queued up while the last commit waited for the disk as one transaction, so
// many sign-ins at once cost hardly more than one. Readers work beside it on other connections of the pool; a
// pool of one connection works too, but reads then wait for writes.
//
// A database file that is deleted or replaced while the program runs is noticed: SQLite itself would go on writing into a file that
// nobody finds again. Calls fail, and nothing is acknowledged, until the program is started again.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// A Store is a [store.Store], a [store.Feed] and a [store.Switchboard]. Use New to make one.
type Store struct {
	store.Hub
	db      *sql.DB
	dialect *Dialect
	file    dbFile
	writer  writer

	ready   atomic.Bool
	prepare sync.Mutex
	load    *sql.Stmt
}

var (
	_ store.Store       = (*Store)(nil)
	_ store.Feed        = (*Store)(nil)
	_ store.Switchboard = (*Store)(nil)
)

// New returns a store in a database. It does nothing yet; see [Store.Prepare]. The store does not close the database.
func New(db *sql.DB, d *Dialect) *Store {
	s := &Store{db: db, dialect: d}
	s.writer.store = s
	return s
}

// Prepare makes the tables, or brings them up to date, and reports what stands in the way. Every other method does the same on its first
// call, and tries again on the next if it fails.
func (s *Store) Prepare(ctx context.Context) error {
	if s.ready.Load() {
		return nil
	}
	s.prepare.Lock()
	defer s.prepare.Unlock()
	if s.ready.Load() {
		return nil
	}
	if err := s.open(ctx); err != nil {
		return s.explain("prepare database", err)
	}
	s.ready.Store(true)
	return nil
}

func (s *Store) open(ctx context.Context) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := s.file.find(ctx, conn, s.dialect); err != nil {
		return err
	}
	if err := s.dialect.connect(ctx, conn); err != nil {
		return err
	}
	if err := migrate(ctx, conn, s.dialect); err != nil {
		return err
	}
	s.load, err = s.db.PrepareContext(ctx, s.dialect.load)
	return err
}

// Close waits until the writes that are queued are done, or ctx ends. The store can be used again afterwards.
func (s *Store) Close(ctx context.Context) error {
	if err := s.writer.drain(ctx); err != nil {
		return fmt.Errorf("sqlstore: wait for queued writes: %w", err)
	}
	return nil
}

// read prepares the database and makes sure that it is still the same file.
func (s *Store) read(ctx context.Context) error {
	if err := s.Prepare(ctx); err != nil {
		return err
	}
	return s.file.check(time.Now())
}

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if err := s.read(ctx); err != nil {
		return store.Record{}, err
	}
	var row row
	err := s.load.QueryRowContext(ctx, id[:]).Scan(&row.version, &row.seen, &row.body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return store.Record{}, store.ErrNotFound
	case err != nil:
		return store.Record{}, s.explain("load session", err)
	}
	return row.record(id)
}

// row is what a record is made of.
type row struct {
	version uint64
	seen    int64
	body    string
}

func (w *row) record(id store.ID) (store.Record, error) {
	r := store.Record{ID: id, Version: w.version, LastSeen: micro(w.seen)}
	if err := r.SetBody(w.body); err != nil {
		return store.Record{}, fmt.Errorf("sqlstore: load session %s: %w", id, err)
	}
	return r, nil
}

func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// List implements [store.Store].
func (s *Store) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	if err := s.read(ctx); err != nil {
		return nil, err
	}
	from := place{created: 1 << 62}
	if q.After != (store.Cursor{}) {
		from = place{q.After.CreatedAt.UnixMicro(), q.After.ID}
	}
	var records []store.Record
	for limit := q.PageLimit(); len(records) < limit; {
		want := limit - len(records)
		read, last, err := s.page(ctx, q.User, from, want, &records)
		if err != nil {
			return nil, s.explain("list sessions", err)
		}
		if read < want {
			break
		}
		from = last // there were damaged ones, which are left out
	}
	return records, nil
}

// A place is where a record stands in a listing.
type place struct {
	created int64
	id      store.ID
}

// page appends the records behind a place, and returns how many rows it read and the place of the last.
func (s *Store) page(ctx context.Context, user string, from place, limit int, to *[]store.Record) (read int, last place, err error) {
	query, args := s.dialect.listAll, []any{from.created, from.id[:], limit}
	if user != "" {
		query, args = s.dialect.listUser, append([]any{[]byte(user)}, args...)
	}
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return 0, last, err
	}
	defer rows.Close()
	for ; rows.Next(); read++ {
		var id []byte
		var row row
		if err := rows.Scan(&id, &last.created, &row.version, &row.seen, &row.body); err != nil {
			return 0, last, err
		}
		last.id = toID(id)
		if r, err := row.record(last.id); err == nil {
			*to = append(*to, r)
		}
	}
	return read, last, rows.Err()
}

func toID(b []byte) (id store.ID) {
	copy(id[:], b)
	return id
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, user string) (n int, err error) {
	if err := s.read(ctx); err != nil {
		return 0, err
	}
	query, args := s.dialect.countAll, []any(nil)
	if user != "" {
		query, args = s.dialect.countUser, []any{[]byte(user)}
	}
	err = s.db.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, s.explain("count sessions", err)
}

// NotBefore implements [store.Switchboard].
func (s *Store) NotBefore(ctx context.Context) (map[string]time.Time, error) {
	if err := s.read(ctx); err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, s.dialect.switches)
	if err != nil {
		return nil, s.explain("load switches", err)
	}
	defer rows.Close()
	switches := make(map[string]time.Time)
	for rows.Next() {
		var user string
		var at int64
		if err := rows.Scan(&user, &at); err != nil {
			return nil, s.explain("load switches", err)
		}
		switches[user] = micro(at)
	}
	return switches, s.explain("load switches", rows.Err())
}

// explain wraps an error of the database with what was being done, and says in words what can be done about it.
func (s *Store) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	if hint := s.dialect.hint(err); hint != "" {
		return fmt.Errorf("sqlstore: %s: %s: %w", doing, hint, err)
	}
	return fmt.Errorf("sqlstore: %s: %w", doing, err)
}
