package backend

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
)

// A Store is what every engine can do.
type Store interface {
	store.Store
	store.Feed
}

// A Backend is a store that is open.
type Backend struct {
	Store
	Address Address

	db      *sql.DB // nil if it speaks no SQL
	local   bool    // a file, which other programs may write to without a word
	wal     string  // its write-ahead log
	check   func(context.Context) ([]store.Finding, error)
	prepare func(context.Context) error
	made    func(context.Context) (bool, error)
	version func(context.Context) (string, error)
	close   func(context.Context) error

	// Nil if it takes one record at a time, or cannot be read in the order of IDs.
	many func(context.Context, []store.Record) (taken []store.ID, err error)
	scan func(ctx context.Context, after store.ID, limit int) (all []store.Record, done bool, err error)
}

// Open opens the store of an address for use. It makes no tables, so that there is time for [Backend.Check] before
// [Backend.Prepare]. Only the file of an SQLite database is made, empty, if it is missing. An error says what stands in
// the way, without a secret.
func Open(ctx context.Context, a Address) (*Backend, error) { return a.openFor(ctx, false) }

// Look opens the store of an address to look at it. It makes nothing: see [Backend.Made].
func Look(ctx context.Context, a Address) (*Backend, error) { return a.openFor(ctx, true) }

func (a Address) openFor(ctx context.Context, look bool) (*Backend, error) {
	b, err := a.open(ctx, look)
	if err != nil {
		return nil, err
	}
	b.Address = a
	return b, nil
}

// Prepare makes the tables, or brings them up to date, and finds out whether they can be used.
func (b *Backend) Prepare(ctx context.Context) error {
	if err := b.prepare(ctx); err != nil {
		return b.Address.hide(fmt.Errorf("open %s: %w", b.Address, err))
	}
	return nil
}

// Made reports whether the store has tables. Asking for sessions would make them.
func (b *Backend) Made(ctx context.Context) (bool, error) {
	made, err := b.made(ctx)
	return made, b.Address.hide(err)
}

// Local reports whether the store is a file on this machine.
func (b *Backend) Local() bool { return b.local }

// FileAge is how long a record is kept near a file. Another program may have it open as well, and does not tell of its
// changes. That is short enough for two programs that share a file, and long enough for the requests of one page.
const FileAge = 100 * time.Millisecond

// Near returns how long records are kept near this store.
func (b *Backend) Near(o near.Options) near.Options {
	if b.local {
		o.Lease, o.MaxAge = FileAge, FileAge
	}
	return o
}

// Database returns the database of a store that nodes share, and the name of its engine, for what they share beside
// sessions. It is nil where there is none. The backend closes it.
func (b *Backend) Database() (db *sql.DB, engine string) {
	if b.local {
		return nil, b.Address.Engine
	}
	return b.db, b.Address.Engine
}

// WALBytes returns the size of the write-ahead log of a local store, or false if it cannot be found out.
func (b *Backend) WALBytes() (bytes int64, known bool) {
	info, err := os.Stat(b.wal)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, true
	}
	if err != nil {
		return 0, false
	}
	return info.Size(), true
}

// CreateMany creates records in a store that is not in use, many at once, and returns the IDs that were taken. Some
// stores cannot, and return [errors.ErrUnsupported].
func (b *Backend) CreateMany(ctx context.Context, records []store.Record) (taken []store.ID, err error) {
	if b.many == nil {
		return nil, errors.ErrUnsupported
	}
	return b.many(ctx, records)
}

// Scans reports whether [Backend.Scan] can be used.
func (b *Backend) Scans() bool { return b.scan != nil }

// Scan returns records in the order of their IDs: at most limit, those after one ID. Done says that there are no more.
func (b *Backend) Scan(ctx context.Context, after store.ID, limit int) (all []store.Record, done bool, err error) {
	return b.scan(ctx, after, limit)
}

// Check returns what decides which promises the store keeps.
func (b *Backend) Check(ctx context.Context) ([]store.Finding, error) {
	findings, err := b.check(ctx)
	return findings, b.Address.hide(err)
}

// Version returns the kind and version of the server, such as "PostgreSQL 15.10".
func (b *Backend) Version(ctx context.Context) (string, error) {
	text, err := b.version(ctx)
	return text, b.Address.hide(err)
}

// Close waits until everything that is queued is durable, or ctx ends, and closes the connections.
func (b *Backend) Close(ctx context.Context) error { return b.Address.hide(b.close(ctx)) }
