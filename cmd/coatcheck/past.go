package main

import (
	"context"
	"errors"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/ending"
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

// openEndings opens the jobs that end many sessions, and goes on with those that were not done. Without them the
// program serves on: sessions can be ended by other means.
func (s *server) openEndings() {
	jobs, err := ending.Open(ending.Options{
		Path: s.folder.EndingsPath(), Sessions: s.sessions, Finder: s.index, Feed: s.stores, History: s.history,
		Log: s.log,
	})
	if err != nil {
		s.log.Error("no sessions can be ended by query; move the file away, and what it had to do is forgotten",
			"error", err)
		return
	}
	s.endings = jobs
}

// forget removes what is kept of a user beside the history: messages to others, and searches whose sessions were ended.
func (s *server) forget(ctx context.Context, user string) (err error) {
	if outbox := s.pusher.get(); outbox != nil {
		_, err = outbox.Forget(ctx, user)
	}
	if s.endings != nil {
		err = errors.Join(err, s.endings.Forget(user))
	}
	return err
}

// countEachHour has the history know how many sessions there are: now, and about once an hour until ctx ends.
func (s *server) countEachHour(ctx context.Context) {
	if s.history == nil {
		return
	}
	hour := time.NewTicker(time.Hour)
	defer hour.Stop()
	for {
		n, err := s.sessions.Count(ctx, "")
		if err == nil { // the store's failure is told already
			s.history.NoteCount(n)
		}
		select {
		case <-hour.C:
		case <-ctx.Done():
			return
		}
	}
}

// lookHistory opens the history beside a program that writes to it. It is nil if there is none.
func lookHistory(b *backend.Backend, f *folder.Folder) (*history.History, error) {
	if shared := history.LookShared(b); shared != nil {
		return shared, nil
	}
	return history.Look(f.HistoryPath())
}
