package main

import (
	"context"
	"fmt"
	"slices"

	"coatcheck.dev/cmd/coatcheck/internal/cloakroom"
	"coatcheck.dev/cmd/coatcheck/internal/config"
	"coatcheck.dev/store"
	"coatcheck.dev/store/near"
)

// address returns the store that --store names, or the one in the data folder.
func (h *house) address(flags config.House) (cloakroom.Address, error) {
	if flags.Store == "" {
		return cloakroom.File(h.folder.DatabasePath()), nil
	}
	return cloakroom.Parse(flags.Store, "--store")
}

// openStore opens the store and what stands in front of it.
func (h *house) openStore(ctx context.Context, flags config.House) (_ cloakroom.Store, err error) {
	address, err := h.address(flags)
	if err != nil {
		return nil, err
	}
	if h.room, err = cloakroom.Open(ctx, address); err != nil {
		return nil, err
	}
	if flags.Store != "" {
		h.storeLine = fmt.Sprintf("  Store    %s\n", address)
	}
	if err := h.judge(ctx, flags.AcceptDanger); err != nil {
		h.room.Close(ctx)
		return nil, err
	}
	// A file is asked each time: another program may have it open as well, and would say nothing of what it changes.
	if flags.NoNear || h.room.Local() {
		return h.room, nil
	}
	h.near = cloakroom.Near(h.room, near.Options{MaxBytes: flags.NearBytes, Lease: flags.Lease})
	return h.near, nil
}

// judge refuses a store that would break its promises, and logs which it does not make.
func (h *house) judge(ctx context.Context, accepted []string) error {
	findings, err := h.room.Check(ctx)
	if err != nil {
		return fmt.Errorf("check the store: %w", err)
	}
	for _, f := range findings {
		switch {
		case f.Severity == store.Danger && !slices.Contains(accepted, f.Name):
			return fmt.Errorf("%s: %s (%s); %s, or accept it with --accept-danger=%s (see coatcheck doctor)", h.room.Address, f.What, f.Means, f.Fix, f.Name)
		case f.Severity != store.Good:
			h.log.Warn("the store does not promise everything: see coatcheck doctor", "what", f.What, "means", f.Means)
		}
	}
	return nil
}

func (h *house) closeStore(ctx context.Context) error {
	if h.near != nil {
		h.near.Close()
	}
	return h.room.Close(ctx)
}
