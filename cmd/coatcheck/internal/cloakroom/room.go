package cloakroom

import (
	"context"
	"errors"
	"fmt"

	"coatcheck.dev/store"
)

// A Store is what every engine can do.
type Store interface {
	store.Store
	store.Feed
}

// A Room is a store that is open.
type Room struct {
	Store
	Address Address

	local   bool // a file, which other programs may write to without a word
	check   func(context.Context) ([]store.Finding, error)
	prepare func(context.Context) error
	made    func(context.Context) bool
	server  func(context.Context) (string, error)
	close   func(context.Context) error
}

// Open opens the store of an address for use. It makes no tables, so that there is time for [Room.Check] before
// [Room.Prepare]; only the file of an SQLite database is made, empty, if it is missing. An error says what stands in the way,
// without a secret.
func Open(ctx context.Context, a Address) (*Room, error) { return open(ctx, a, false) }

// Look opens the store of an address to look at it. It makes nothing: see [Room.Made].
func Look(ctx context.Context, a Address) (*Room, error) { return open(ctx, a, true) }

func open(ctx context.Context, a Address, look bool) (*Room, error) {
	if a.open == nil {
		return nil, errors.New("cloakroom: an address without a store")
	}
	room, err := a.open(ctx, look)
	if err != nil {
		if a.Engine != "SQLite" { // which names the file itself
			err = fmt.Errorf("open %s: %w", a, err)
		}
		return nil, a.hide(err)
	}
	room.Address = a
	return room, nil
}

// Prepare makes the tables, or brings them up to date, and finds out whether they can be used.
func (r *Room) Prepare(ctx context.Context) error {
	if err := r.prepare(ctx); err != nil {
		return r.Address.hide(fmt.Errorf("open %s: %w", r.Address, err))
	}
	return nil
}

// Made reports whether there is something to ask for sessions: a database without tables would be changed by that.
func (r *Room) Made(ctx context.Context) bool { return r.made(ctx) }

// Local reports whether the store is a file of this machine.
func (r *Room) Local() bool { return r.local }

// Check returns what decides which promises the store keeps.
func (r *Room) Check(ctx context.Context) ([]store.Finding, error) {
	findings, err := r.check(ctx)
	return findings, r.Address.hide(err)
}

// Server returns the kind and version of the server, such as "PostgreSQL 15.10".
func (r *Room) Server(ctx context.Context) (string, error) {
	text, err := r.server(ctx)
	return text, r.Address.hide(err)
}

// Close waits until everything that is queued is durable, or ctx ends, and closes the connections.
func (r *Room) Close(ctx context.Context) error { return r.Address.hide(r.close(ctx)) }
