// Package oncestore helps tests to fail each single call of a store, one after the other.
package oncestore

import (
	"context"
	"errors"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// A Store fails one single call: the Nth, from 1, before it does anything or, with Done, after that. It has no Peek, so
// that every load is a call. It may be used concurrently.
type Store struct {
	store.Store
	Nth  int
	Done bool

	mu     sync.Mutex
	n      int
	failed string
}

var errLost = errors.New("connection lost")

// Failed returns the name of the call that has failed, "" if there have not been so many.
func (s *Store) Failed() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

func (s *Store) call(name string, do func() error) error {
	s.mu.Lock()
	s.n++
	fails := s.n == s.Nth
	if fails {
		s.failed = name
	}
	s.mu.Unlock()
	if fails && !s.Done {
		return errLost
	}
	if err := do(); err != nil || !fails {
		return err
	}
	return errLost
}

func (s *Store) Load(ctx context.Context, id store.ID) (r store.Record, err error) {
	err = s.call("Load", func() (err error) { r, err = s.Store.Load(ctx, id); return err })
	return r, err
}

func (s *Store) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	return s.call("Create", func() error { return s.Store.Create(ctx, r, replaces) })
}

func (s *Store) Save(ctx context.Context, r store.Record) error {
	return s.call("Save", func() error { return s.Store.Save(ctx, r) })
}

func (s *Store) Touch(ctx context.Context, seen []store.Seen) error {
	return s.call("Touch", func() error { return s.Store.Touch(ctx, seen) })
}

func (s *Store) Delete(ctx context.Context, id store.ID) (existed bool, err error) {
	err = s.call("Delete", func() (err error) { existed, err = s.Store.Delete(ctx, id); return err })
	return existed, err
}

func (s *Store) DeleteUser(ctx context.Context, user string, keep ...store.ID) (ids []store.ID, err error) {
	err = s.call("DeleteUser", func() (err error) { ids, err = s.Store.DeleteUser(ctx, user, keep...); return err })
	return ids, err
}

func (s *Store) Live(
	ctx context.Context, user string, after, now time.Time, limit int,
) (found []store.Summary, err error) {
	err = s.call("Live", func() (err error) { found, err = s.Store.Live(ctx, user, after, now, limit); return err })
	return found, err
}

func (s *Store) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	return s.call("SetNotBefore", func() error { return s.Store.SetNotBefore(ctx, user, t) })
}

func (s *Store) NotBefore(ctx context.Context) (at map[string]time.Time, err error) {
	err = s.call("NotBefore", func() (err error) { at, err = s.Store.NotBefore(ctx); return err })
	return at, err
}
