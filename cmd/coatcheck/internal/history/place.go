package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
)

// A place is a database with the table of entries.
type place struct {
	db      *atomic.Pointer[sql.DB]
	dialect *dialect
	path    string // of a file of our own; empty for a server's database
	shared  bool   // whether somebody else closes it
	warn    func(msg string, args ...any)
}

// Open opens the history in a file, which is made if it is missing. A damaged one is set aside.
func Open(path string, o Options) (*History, error) {
	o = o.withDefaults()
	p := place{db: new(atomic.Pointer[sql.DB]), dialect: &inFile, path: path, warn: o.Log.Error}
	ctx, cancel := context.WithTimeout(context.Background(), writeTime)
	defer cancel()
	err := p.open(ctx)
	if damaged(err) {
		err = p.renew(ctx, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the history %s: %w (move it away, and a new one begins)", path, err)
	}
	return start(p, o), nil
}

// Shared opens the history in the database of a store that nodes share. The store has to stay open as long. It returns
// nil if the store has no such database, as Redis has none, and a file on this machine is nobody else's.
func Shared(ctx context.Context, b *backend.Backend, o Options) (*History, error) {
	db, engine := b.Database()
	d := servers[engine]
	if db == nil || d == nil {
		return nil, nil
	}
	p := place{db: new(atomic.Pointer[sql.DB]), dialect: d, shared: true}
	p.db.Store(db)
	if err := p.prepare(ctx, db); err != nil {
		return nil, fmt.Errorf("open the history in %s: %w", b.Address, err)
	}
	return start(p, o), nil
}

// Look opens the history in a file to read from, beside a program that writes to it. It returns nil if there is none.
func Look(path string) (*History, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	db, err := backend.OpenFile(path, "mode=ro")
	if err != nil {
		return nil, fmt.Errorf("open the history %s: %w", path, err)
	}
	return looked(db, &inFile, false), nil
}

// LookShared is Look for the database of a store.
func LookShared(b *backend.Backend) *History {
	db, engine := b.Database()
	if d := servers[engine]; db != nil && d != nil {
		return looked(db, d, true)
	}
	return nil
}

// looked is a history that nobody writes to.
func looked(db *sql.DB, d *dialect, shared bool) *History {
	h := &History{place: place{db: new(atomic.Pointer[sql.DB]), dialect: d, shared: shared}, stop: func() {}}
	h.place.db.Store(db)
	h.done = make(chan struct{})
	close(h.done)
	return h
}

func (p *place) open(ctx context.Context) error {
	db, err := backend.OpenFile(p.path, "_txlock=immediate&_pragma=journal_mode(wal)&_pragma=synchronous(full)"+
		"&_pragma=secure_delete(on)&_pragma=journal_size_limit(16777216)")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(4)
	if err := p.prepare(ctx, db); err != nil {
		return errors.Join(err, backend.CloseFile(db))
	}
	p.db.Store(db)
	return nil
}

// prepare makes the table, unless it is there.
func (p *place) prepare(ctx context.Context, db *sql.DB) error {
	for _, statement := range p.dialect.schema {
		if _, err := db.ExecContext(ctx, statement); err != nil && !p.dialect.there(err) {
			return err
		}
	}
	return nil
}

// renew sets a damaged file aside, and begins a new one.
func (p *place) renew(ctx context.Context, why error) error {
	if db := p.db.Load(); db != nil {
		_ = backend.CloseFile(db) // what it says is known
	}
	aside := p.path + ".damaged-" + time.Now().UTC().Format("20060102T150405.000")
	if err := os.Rename(p.path, aside); err != nil {
		return errors.Join(why, err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Rename(p.path+suffix, aside+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return errors.Join(why, err)
		}
	}
	p.warn("the history is damaged and was set aside; a new one begins", "file", aside, "error", why)
	return p.open(ctx)
}

// damaged reports whether an error says that a file is no database any more.
func damaged(err error) bool {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return false
	}
	code := failed.Code() & 0xff
	return code == lib.SQLITE_CORRUPT || code == lib.SQLITE_NOTADB
}

func (p *place) close() error {
	if p.shared {
		return nil
	}
	return backend.CloseFile(p.db.Load())
}
