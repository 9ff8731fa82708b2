// Package memory keeps sessions in the memory of the process: for tests, and for apps that may forget.
//
// Nothing survives the process. A restart signs everybody out, and a second process knows nothing of the
// sessions of the first; an app that runs twice, or that must remember, takes package sqlstore or redisstore
// instead. Everything else that the contract in package store asks for holds, so what was tested on this store
// runs on the others.
//
// A Store has no upper bound: it holds what it is given until it is deleted or swept. A session of a few small
// values takes about 270 bytes all in, so a million of them take about 270 MB.
//
// Reading a record copies nothing: its strings are parts of the one immutable string that the store has. The
// record is the caller's own nevertheless; its only mutable part, the Auth slice, is made anew for each load.
//
// Subscribers are told of a change before the method that made it returns.
package memory

import (
	"context"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// A Store is a [store.Store], a [store.Peeker], a [store.Feed] and a [store.Switchboard]. Use New to make one.
type Store struct {
	store.Hub
	switches switches
	shards   shards
	users    users
	count    atomic.Int64
	next     atomic.Uint32 // the shard at which the next sweep begins
}

var (
	_ store.Store  = (*Store)(nil)
	_ store.Peeker = (*Store)(nil)
	_ store.Feed   = (*Store)(nil)

	_ store.Switchboard = (*Store)(nil)
)

// New returns an empty store.
func New() *Store {
	s := new(Store)
	s.shards.init()
	s.users.init()
	return s
}

// Peek implements [store.Peeker]. It can answer every time.
func (s *Store) Peek(id store.ID) (store.Record, bool) {
	r, err := s.load(id)
	return r, err == nil || err == store.ErrNotFound
}

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	return s.load(id)
}

func (s *Store) load(id store.ID) (store.Record, error) {
	sh := s.shards.of(id)
	sh.mu.RLock()
	e, ok := sh.entries[id]
	if !ok {
		sh.mu.RUnlock()
		return store.Record{}, store.ErrNotFound
	}
	got := e.stored
	sh.mu.RUnlock() // the body is immutable, so it is decoded outside the lock
	return got.record(id)
}

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e := newEntry(&r)
	if replaces.IsZero() {
		sh := s.shards.of(r.ID)
		sh.mu.Lock()
		defer sh.mu.Unlock()
		return s.add(r.User, e)
	}
	unlock := s.shards.lockPair(r.ID, replaces)
	defer unlock()
	old, ok := s.shards.of(replaces).entries[replaces]
	switch {
	case !ok:
		return store.ErrNotFound
	case old.version != r.Version:
		return store.ErrConflict
	}
	if _, taken := s.shards.of(r.ID).entries[r.ID]; taken {
		return store.ErrExists
	}
	s.remove(old, store.Replaced)
	return s.add(r.User, e)
}

// add puts an entry in. The caller holds the lock of its shard, here and in remove.
func (s *Store) add(user string, e *entry) error {
	entries := s.shards.of(e.id).entries
	if _, taken := entries[e.id]; taken {
		return store.ErrExists
	}
	entries[e.id] = e
	s.users.add(user, e)
	s.count.Add(1)
	s.Publish(store.Notice{Kind: store.Created, ID: e.id, User: user})
	return nil
}

func (s *Store) remove(e *entry, why store.NoticeKind) {
	user := e.user()
	delete(s.shards.of(e.id).entries, e.id)
	s.users.remove(user, e)
	s.count.Add(-1)
	s.Publish(store.Notice{Kind: why, ID: e.id, User: user})
}

// Save implements [store.Store].
func (s *Store) Save(ctx context.Context, r store.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	sh := s.shards.of(r.ID)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	e, ok := sh.entries[r.ID]
	switch {
	case !ok:
		return store.ErrNotFound
	case e.version != r.Version:
		return store.ErrConflict
	}
	r.User, r.CreatedAt = e.user(), e.createdAt() // the index and the order of listings rely on them
	e.save(&r)
	s.Publish(store.Notice{Kind: store.Saved, ID: r.ID, User: r.User})
	return nil
}

// Touch implements [store.Store].
func (s *Store) Touch(ctx context.Context, seen []store.Seen) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, t := range seen {
		sh := s.shards.of(t.ID)
		sh.mu.Lock()
		if e, ok := sh.entries[t.ID]; ok {
			e.touch(t.At)
		}
		sh.mu.Unlock()
	}
	return nil
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, id store.ID) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	sh := s.shards.of(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	e, ok := sh.entries[id]
	if ok {
		s.remove(e, store.Deleted)
	}
	return ok, nil
}

// DeleteUser implements [store.Store]. It stops the whole store for the moment that it takes, because a record of
// the user may be just about to replace another one.
func (s *Store) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if user == "" {
		return nil, nil
	}
	kept := make(map[store.ID]bool, len(keep))
	for _, id := range keep {
		kept[id] = true
	}
	s.shards.lockAll()
	defer s.shards.unlockAll()
	var ids []store.ID
	for _, e := range s.users.of(user) {
		if !kept[e.id] {
			s.remove(e, store.Deleted)
			ids = append(ids, e.id)
		}
	}
	return ids, nil
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, user string) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if user == "" {
		return int(s.count.Load()), nil
	}
	s.shards.rlockAll()
	defer s.shards.runlockAll()
	return len(s.users.of(user)), nil
}

// Sweep implements [store.Store]. It looks at one shard at a time and begins where the last sweep ended.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	swept, start := 0, s.next.Load()
	for i := range uint32(shardCount) {
		at := (start + i) % shardCount
		for swept < limit {
			if err := ctx.Err(); err != nil {
				return swept, err
			}
			want := limit - swept
			over := s.shards[at].over(now, want)
			swept += s.removeOver(over, now)
			if len(over) < want {
				break
			}
		}
		if swept >= limit {
			s.next.Store(at)
			break
		}
	}
	return swept, nil
}

// removeOver removes those of the entries of one shard that are still there and still over.
func (s *Store) removeOver(over []*entry, now time.Time) (removed int) {
	if len(over) == 0 {
		return 0
	}
	sh := s.shards.of(over[0].id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, e := range over {
		if sh.entries[e.id] == e && e.over(now) {
			s.remove(e, store.Swept)
			removed++
		}
	}
	return removed
}
