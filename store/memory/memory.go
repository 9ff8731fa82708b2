// Package memory keeps sessions in the memory of the process: for tests, and for apps that may forget.
//
// Nothing survives the process. A restart signs everybody out, and a second process knows nothing of the
// sessions of the first; an app that runs twice, or that must remember, takes package sqlstore or redisstore
// instead. Everything else that the contract in package store asks for holds, so what was tested on this store
// runs on the others.
//
// A Store has no upper bound: it holds what it is given until it is deleted or swept. A session of a few small
// values takes about 250 bytes all in, so a million of them take about 250 MB; the User-Agent is not in that, of which
// all sessions that have the same share one.
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
	s.users.init()
	return s
}

// Peek implements [store.Peeker]. It can answer every time.
func (s *Store) Peek(id store.ID) (store.Sealed, bool) { return s.sealed(id), true }

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	sealed := s.sealed(id)
	if sealed.ID.IsZero() {
		return store.Record{}, store.ErrNotFound
	}
	return sealed.Record()
}

// sealed returns what is kept of a record, the zero value if there is none. The body is immutable, so it is decoded
// outside the lock.
func (s *Store) sealed(id store.ID) store.Sealed {
	sh := s.shards.of(id)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	e := sh.entries.get(id)
	if e == nil {
		return store.Sealed{}
	}
	return e.sealed(id)
}

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e := newEntry(&r, s.users.hash(r.User))
	if replaces.IsZero() {
		sh := s.shards.of(r.ID)
		sh.mu.Lock()
		defer sh.mu.Unlock()
		return s.add(r.User, e)
	}
	unlock := s.shards.lockPair(r.ID, replaces)
	defer unlock()
	old := s.shards.of(replaces).entries.get(replaces)
	switch {
	case old == nil:
		return store.ErrNotFound
	case old.version() != r.Version:
		return store.ErrConflict
	case s.shards.of(r.ID).entries.get(r.ID) != nil:
		return store.ErrExists
	}
	s.remove(old, store.Replaced)
	return s.add(r.User, e)
}

// add puts an entry in. The caller holds the lock of its shard, here and in remove.
func (s *Store) add(user string, e *entry) error {
	entries := &s.shards.of(e.id).entries
	if entries.get(e.id) != nil {
		return store.ErrExists
	}
	entries.put(e)
	s.users.add(e)
	s.count.Add(1)
	s.Publish(store.Notice{Kind: store.Created, ID: e.id, User: user})
	return nil
}

func (s *Store) remove(e *entry, why store.NoticeKind) {
	s.shards.of(e.id).entries.remove(e)
	s.users.remove(e)
	s.count.Add(-1)
	s.Publish(store.Notice{Kind: why, ID: e.id, User: e.userName()})
}

// Save implements [store.Store].
func (s *Store) Save(ctx context.Context, r store.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	sh := s.shards.of(r.ID)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	e := sh.entries.get(r.ID)
	switch {
	case e == nil:
		return store.ErrNotFound
	case e.version() != r.Version:
		return store.ErrConflict
	}
	r.User, r.CreatedAt = e.userName(), micro(e.created) // the index and the order of listings rely on them
	e.save(&r, r.Version+1)
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
		if e := sh.entries.get(t.ID); e != nil {
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
	e := sh.entries.get(id)
	if e != nil {
		s.remove(e, store.Deleted)
	}
	return e != nil, nil
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
		if sh.entries.get(e.id) == e && e.over(now) {
			s.remove(e, store.Swept)
			removed++
		}
	}
	return removed
}
