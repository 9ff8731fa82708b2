package sqlstore

import (
	"context"
	"time"

	"coatcheck.dev/store"
)

// An engine is a way to work with a kind of database: with one writer for all, as a file wants it, or with a statement
// for each call, as a server does. A [Store] has asked for what needs no database, opens the engine before it asks
// anything, and says of each error what was being done.
type engine interface {
	// open brings the tables up to date. It is called by one goroutine at a time, until it has succeeded.
	open(ctx context.Context) error
	// close waits until what has been handed over is done with, and lets nothing in any more.
	close(ctx context.Context) error

	load(ctx context.Context, id store.ID) (row, error)
	page(ctx context.Context, user string, after row, limit int) ([]row, error)
	live(ctx context.Context, user string, after, now int64, limit int) ([]store.Summary, error)
	count(ctx context.Context, user string, after int64) (int, error)

	create(ctx context.Context, v *values, replaces store.ID) error
	// scan returns records in the order of their IDs.
	scan(ctx context.Context, after store.ID, limit int) ([]row, error)
	// createMany returns the IDs that are taken; [errors.ErrUnsupported] if it cannot.
	createMany(ctx context.Context, all []*values) (taken []store.ID, err error)
	save(ctx context.Context, v *values) error
	touch(ctx context.Context, seen []store.Seen) error // a slice
	remove(ctx context.Context, id store.ID) (bool, error)
	removeUser(ctx context.Context, user string, keep []store.ID) ([]store.ID, error)
	// sweep looks at no more than limit records that may be over. It says how many it deleted, and whether there may be
	// more.
	sweep(ctx context.Context, now time.Time, limit int) (swept int, more bool, err error)

	setCutoff(ctx context.Context, user string, at time.Time) error
	cutoffs(ctx context.Context) (map[string]time.Time, error)

	// subscribe begins to listen, for which the database may have to be prepared.
	subscribe(tell func(store.Notice), prepare func(context.Context) error) (stop func())

	// made reports whether there are tables, and makes none.
	made(ctx context.Context) (bool, error)
	// try writes and removes a row in every table. passing says that an error of it may be over soon.
	try(ctx context.Context) error
	passing(err error) bool

	// explain adds to an error what can be done about it.
	explain(err error) error
	check(ctx context.Context) ([]store.Finding, error)
}
