package main

import (
	"context"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/folder"
	"coatcheck.dev/cmd/coatcheck/internal/history"
)

// openHistory opens the history: in the store, if nodes can share it there, and in the data folder otherwise.
func (s *server) openHistory(ctx context.Context, keep time.Duration) (err error) {
	if keep <= 0 {
		return nil
	}
	o := history.Options{Keep: keep, Log: s.log}
	if s.history, err = history.Shared(ctx, s.stores.backends[0], o); s.history != nil || err != nil {
		return err
	}
	s.history, err = history.Open(s.folder.HistoryPath(), o)
	return err
}

// lookHistory opens the history beside a program that writes to it. It is nil if there is none.
func lookHistory(b *backend.Backend, f *folder.Folder) (*history.History, error) {
	if shared := history.LookShared(b); shared != nil {
		return shared, nil
	}
	return history.Look(f.HistoryPath())
}
