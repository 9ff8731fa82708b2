package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"coatcheck.dev/cmd/coatcheck/internal/cloakroom"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/cmd/coatcheck/internal/move"
	"coatcheck.dev/cmd/coatcheck/internal/tidemark"
	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
)

// address returns the store that --store names, or the one in the data folder.
func address(flags *config.Keep, f *folder.Folder) (cloakroom.Address, error) {
	if flags.Store == "" {
		return cloakroom.File(f.DatabasePath()), nil
	}
	return cloakroom.Parse(flags.Store, "--store")
}

// A depot is the store with what stands in front of it, from the visitors' side: a cache, marks that a restored backup
// betrays itself by, and, while sessions are moved, a second store.
type depot struct {
	cloakroom.Store
	near    cloakroom.Cache // nil if every request asks the store
	where   string          // without secrets
	rooms   []*cloakroom.Room
	closing []func(context.Context) error
}

// openStore opens the store and what stands in front of it.
func (h *house) openStore(ctx context.Context, flags *config.Keep) (_ *depot, err error) {
	d := &depot{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close(ctx))
		}
	}()
	a, err := address(flags, h.folder)
	if err != nil {
		return nil, err
	}
	d.where = a.String()
	room, err := h.openRoom(ctx, d, a, flags)
	if err != nil {
		return nil, err
	}
	d.Store = room
	moving, err := h.openMove(ctx, d, flags)
	if err != nil {
		return nil, err
	}
	for _, room := range d.rooms { // none is changed before all have been found good
		if err := room.Prepare(ctx); err != nil {
			return nil, err
		}
	}
	marks, err := tidemark.Open(ctx, d.Store, tidemark.Options{File: h.folder.TidemarkPath(), AcceptRestored: flags.AcceptRestoredStore, Log: h.log})
	if err != nil {
		return nil, err
	}
	d.Store, d.closing = marks, append(d.closing, marks.Close)
	// A file is asked each time: another program may have it open as well, and would say nothing of what it changes. And a
	// session that is moved is told as one that has ended.
	if !flags.NoNear && !room.Local() && !moving {
		d.near = cloakroom.Near(marks, near.Options{MaxBytes: flags.NearBytes, Lease: flags.Lease})
		d.Store, d.closing = d.near, append(d.closing, func(context.Context) error { d.near.Close(); return nil })
	}
	return d, nil
}

// openMove puts a second store beside the first, if sessions are to be moved.
func (h *house) openMove(ctx context.Context, d *depot, flags *config.Keep) (moving bool, err error) {
	flag, text, join := "--move-from", flags.MoveFrom, func(here, there cloakroom.Store) *move.Store { return move.From(there, here) }
	if flags.MoveTo != "" {
		flag, text, join = "--move-to", flags.MoveTo, move.To
	}
	switch {
	case flags.MoveFrom != "" && flags.MoveTo != "":
		return false, errors.New("--move-from and --move-to: sessions go one way")
	case text == "":
		return false, nil
	}
	a, err := cloakroom.Parse(text, flag)
	if err != nil {
		return false, err
	}
	if a.String() == d.where {
		return false, fmt.Errorf("%s names the store itself", flag)
	}
	room, err := h.openRoom(ctx, d, a, flags)
	if err != nil {
		return false, fmt.Errorf("%s: %w", flag, err)
	}
	d.Store = join(d.Store, room)
	return true, nil
}

// openRoom opens a store and makes nothing in it, as it may be refused.
func (h *house) openRoom(ctx context.Context, d *depot, a cloakroom.Address, flags *config.Keep) (*cloakroom.Room, error) {
	room, err := cloakroom.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	d.rooms, d.closing = append(d.rooms, room), append(d.closing, room.Close)
	return room, h.judge(ctx, room, flags.AcceptDanger)
}

// judge refuses a store that would break its promises, and logs which it does not make.
func (h *house) judge(ctx context.Context, room *cloakroom.Room, accepted []string) error {
	findings, err := room.Check(ctx)
	if err != nil {
		return fmt.Errorf("check %s: %w", room.Address, err)
	}
	for _, f := range findings {
		switch {
		case f.Severity == store.Danger && !slices.Contains(accepted, f.Name):
			return fmt.Errorf("%s: %s: %s; %s, or accept it with --accept-danger=%s (see coatcheck doctor)", room.Address, f.What, f.Means, f.Fix, f.Name)
		case f.Severity != store.Good:
			h.log.Warn("the store does not promise everything: see coatcheck doctor", "what", f.What, "means", f.Means)
		}
	}
	return nil
}

// close makes durable what is still in memory, from the front to the back.
func (d *depot) close(ctx context.Context) error {
	var errs []error
	for _, f := range slices.Backward(d.closing) {
		errs = append(errs, f(ctx))
	}
	d.closing = nil
	return errors.Join(errs...)
}
