package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/cmd/coatcheck/internal/move"
	"coatcheck.dev/cmd/coatcheck/internal/rollback"
	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
)

// address returns the store that --store names, or the one in the data folder.
func address(flag string, f *folder.Folder) (backend.Address, error) {
	if flag == "" {
		return backend.File(f.DatabasePath()), nil
	}
	return backend.Parse(flag, "--store")
}

// A storeStack is the store and what stands in front of it, from the visitors' side: a cache, the detection of restored
// backups and, while sessions move, a second store.
type storeStack struct {
	backend.Store // the front
	flags         *config.Storage
	log           *slog.Logger
	cache         near.Store // nil if every request asks the store
	address       backend.Address
	backends      []*backend.Backend
	wals          []*walWatch
	closers       []func(context.Context) error // the front last
}

// openStores opens the stack.
func openStores(
	ctx context.Context, flags *config.Storage, f *folder.Folder, log *slog.Logger,
) (_ *storeStack, err error) {
	s := &storeStack{flags: flags, log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	if s.address, err = address(flags.Store, f); err != nil {
		return nil, err
	}
	b, err := s.open(ctx, s.address)
	if err != nil {
		return nil, err
	}
	s.Store = b
	moving, err := s.openMove(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range s.backends { // nothing is made in any before all are found good
		if err := b.Prepare(ctx); err != nil {
			return nil, err
		}
	}
	marked, err := rollback.Open(ctx, s.Store, rollback.Options{
		File: f.RollbackPath(), Place: s.address.String(), AcceptRestored: flags.AcceptRestoredStore, Log: log,
	})
	if err != nil {
		return nil, err
	}
	s.push(marked, marked.Close)
	// No cache while sessions move: one that has moved looks like one that has ended.
	if !flags.NoNear && !moving {
		s.cache = near.New(marked, b.Near(near.Options{MaxBytes: flags.NearBytes, Lease: flags.Lease}))
		s.push(s.cache.(backend.Store), func(context.Context) error { s.cache.Close(); return nil })
	}
	return s, nil
}

// push puts a store in front of the others.
func (s *storeStack) push(front backend.Store, closer func(context.Context) error) {
	s.Store, s.closers = front, append(s.closers, closer)
}

// openMove puts a second store beside the first, if sessions are to move.
func (s *storeStack) openMove(ctx context.Context) (moving bool, err error) {
	flag, text, join := "--move-from", s.flags.MoveFrom,
		func(here, there backend.Store) *move.Store { return move.From(there, here) }
	if s.flags.MoveTo != "" {
		flag, text, join = "--move-to", s.flags.MoveTo, move.To
	}
	switch {
	case s.flags.MoveFrom != "" && s.flags.MoveTo != "":
		return false, errors.New("--move-from and --move-to: sessions move in one direction")
	case text == "":
		return false, nil
	}
	a, err := backend.Parse(text, flag)
	if err != nil {
		return false, err
	}
	if a.String() == s.address.String() {
		return false, fmt.Errorf("%s names the store itself", flag)
	}
	b, err := s.open(ctx, a)
	if err != nil {
		return false, fmt.Errorf("%s: %w", flag, err)
	}
	s.Store = join(s.Store, b)
	return true, nil
}

// open opens a backend. It makes nothing in it, because the backend may be refused.
func (s *storeStack) open(ctx context.Context, a backend.Address) (*backend.Backend, error) {
	b, err := backend.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	s.backends, s.closers = append(s.backends, b), append(s.closers, b.Close)
	if b.Local() {
		s.watchWAL(b)
	}
	return b, s.judge(ctx, b)
}

// watchWAL watches the write-ahead log of a local store until the stack is closed.
func (s *storeStack) watchWAL(b *backend.Backend) {
	w := &walWatch{Backend: b, log: s.log}
	ctx, stop := context.WithCancel(context.Background())
	go w.run(ctx)
	s.wals = append(s.wals, w)
	s.closers = append(s.closers, func(context.Context) error { stop(); return nil })
}

// judge refuses a backend whose settings break a promise, and logs which promises it does not make.
func (s *storeStack) judge(ctx context.Context, b *backend.Backend) error {
	findings, err := b.Check(ctx)
	if err != nil {
		return fmt.Errorf("check %s: %w", b.Address, err)
	}
	for _, f := range findings {
		switch {
		case f.Severity == store.Danger && !slices.Contains(s.flags.AcceptDanger, f.Name):
			return fmt.Errorf("%s: %s: %s; %s, or accept it with --accept-danger=%s (see coatcheck doctor)",
				b.Address, f.What, f.Means, f.Fix, f.Name)
		case f.Severity != store.Good:
			s.log.Warn("the store does not promise everything: see coatcheck doctor", "what", f.What, "means", f.Means)
		}
	}
	return nil
}

// close makes durable what is still in memory, from the front to the back.
func (s *storeStack) close(ctx context.Context) error {
	var errs []error
	for _, f := range slices.Backward(s.closers) {
		errs = append(errs, f(ctx))
	}
	s.closers = nil
	return errors.Join(errs...)
}
