// Package memory keeps sessions in the memory of the process: for tests, and for apps with nothing to remember.
//
// Nothing survives the process. A restart signs everybody out, and a second process knows nothing of the sessions of
// the first. If an app runs twice, or must remember, give it package sqlstore or redisstore instead. The rest of the
// contract in package store holds, so an app tested with this store runs with the others.
//
// A Store has no upper limit: it keeps every record until it is deleted or swept. A session of a few small values
// takes about 200 bytes, so a million of them take about 200 MB. Identical User-Agent strings are stored once and not
// counted here.
//
// Reading a record copies nothing: its strings are parts of an immutable string of the store, with some hundred other
// records. So a record kept for long keeps up to 64 KiB in memory. The record is the caller's own nevertheless: its
// only mutable part, the Auth slice, is made anew by each load.
//
// Subscribers are told of a change before its method returns.
package memory

import (
	"context"
	"sync/atomic"
	"time"

	"coatcheck.dev/store"
)

// A Store is a [store.Store], a [store.Peeker] and a [store.Feed]. Use New to make one.
type Store struct {
	store.Hub
	cutoffs cutoffs
	shards  shards
	users   users
	agents  agents
	count   atomic.Int64
	next    atomic.Uint32 // the first shard of the next sweep
}

var (
	_ store.Store  = (*Store)(nil)
	_ store.Peeker = (*Store)(nil)
	_ store.Feed   = (*Store)(nil)
)

// New returns an empty store.
func New() *Store {
	s := new(Store)
	s.users.init()
	return s
}

// Peek implements [store.Peeker]. It can answer every time.
func (s *Store) Peek(id store.ID, _ time.Time) (store.Encoded, bool) { return s.look(id), true }

// Recall implements [store.Peeker]. The record is always current.
func (s *Store) Recall(id store.ID, _ time.Time) (store.Encoded, bool) {
	e := s.look(id)
	return e, !e.ID.IsZero()
}

// Invalidate implements [store.Peeker]. There are no copies.
func (s *Store) Invalidate(store.ID, uint64) {}

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	e := s.look(id)
	if e.ID.IsZero() {
		return store.Record{}, store.ErrNotFound
	}
	return e.Record()
}

// look returns a record, or the zero Encoded if there is none. Records are immutable, so the caller decodes it without
// the lock.
func (s *Store) look(id store.ID) store.Encoded {
	sh := s.shards.of(id)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	i, e := sh.find(id)
	if i < 0 {
		return store.Encoded{}
	}
	return s.export(e)
}

// export returns a record in the form of the contract. The caller holds the lock of its shard.
func (s *Store) export(e encoded) store.Encoded {
	h := e.head()
	return store.Encoded{ID: e.id(), Version: h.version, Seen: h.after, Body: h.body, UserAgent: s.agents.get(h.agent)}
}

// of returns the sessions of a user. The caller holds the locks of all shards, for reading at least.
func (s *Store) of(user string) (records []encoded) {
	for _, k := range s.users.keys(user) {
		for _, e := range s.shards.ofKey(k).withKey(k) {
			if e.user() == user {
				records = append(records, e)
			}
		}
	}
	return records
}

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if replaces.IsZero() {
		sh := s.shards.of(r.ID)
		sh.mu.Lock()
		defer sh.mu.Unlock()
		return s.add(&r)
	}
	unlock := s.shards.lockPair(r.ID, replaces)
	defer unlock()
	sh := s.shards.of(replaces)
	at, old := sh.find(replaces)
	switch {
	case at < 0:
		return store.ErrNotFound
	case old.version() != r.Version:
		return store.ErrConflict
	case s.shards.of(r.ID).has(r.ID):
		return store.ErrExists
	case s.shards.of(r.ID).arena.full():
		return errFull
	}
	s.remove(sh, at, old, store.Notice{Kind: store.Replaced, By: r.ID})
	return s.add(&r)
}

// add puts a record in. The caller holds the lock of its shard, here and in remove.
func (s *Store) add(r *store.Record) error {
	sh := s.shards.of(r.ID)
	switch {
	case sh.has(r.ID):
		return store.ErrExists
	case sh.arena.full():
		return errFull
	}
	sh.add(encode(r, r.Version+1, r.LastSeen.UnixMicro(), s.agents.take(r.Device.UserAgent)))
	s.users.add(r.User, keyOf(&r.ID))
	s.count.Add(1)
	s.Publish(store.Notice{Kind: store.Created, ID: r.ID, User: r.User, Version: r.Version + 1})
	return nil
}

// remove tells why as well.
func (s *Store) remove(sh *shard, at int, e encoded, why store.Notice) {
	id, user, h := e.id(), e.user(), e.head()
	sh.remove(at)
	s.users.remove(user, keyOf(&id))
	s.agents.drop(h.agent)
	s.count.Add(-1)
	why.ID, why.User = id, user
	s.Publish(why)
}

// Save implements [store.Store].
func (s *Store) Save(ctx context.Context, r store.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	sh := s.shards.of(r.ID)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	at, old := sh.find(r.ID)
	if at < 0 {
		return store.ErrNotFound
	}
	h := old.head()
	switch {
	case h.version != r.Version:
		return store.ErrConflict
	case sh.arena.full():
		return errFull
	}
	r.User, r.CreatedAt = old.user(), micro(h.created()) // the index and the order of listings rely on them
	agent := s.agents.change(h.agent, r.Device.UserAgent)
	sh.replace(at, encode(&r, r.Version+1, max(h.seen(), r.LastSeen.UnixMicro()), agent))
	s.Publish(store.Notice{Kind: store.Saved, ID: r.ID, User: r.User, Version: r.Version + 1})
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
		sh.touch(t.ID, t.At.UnixMicro())
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
	at, e := sh.find(id)
	if at < 0 {
		s.Publish(store.Notice{Kind: store.Deleted, ID: id})
		return false, nil
	}
	s.remove(sh, at, e, store.Notice{Kind: store.Deleted})
	return true, nil
}

// DeleteUser implements [store.Store]. It stops the whole store for a moment, because a record of
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
	for _, e := range s.of(user) {
		if id := e.id(); !kept[id] {
			sh := s.shards.of(id)
			at, _ := sh.find(id)
			s.remove(sh, at, e, store.Notice{Kind: store.Deleted})
			ids = append(ids, id)
		}
	}
	if user != "" {
		s.Publish(store.Notice{Kind: store.UserDeleted, User: user})
	}
	return ids, nil
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, user string, after time.Time) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if user == "" && after.IsZero() {
		return int(s.count.Load()), nil
	}
	count := func(e encoded) bool {
		if e.created() > after.UnixMicro() {
			n++
		}
		return true
	}
	s.shards.rlockAll()
	defer s.shards.runlockAll()
	for _, e := range s.of(user) {
		count(e)
	}
	for i := range s.shards {
		if user == "" {
			s.shards[i].all(count)
		}
	}
	return n, nil
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

// removeOver removes sessions of one shard, if they are still there and still over.
func (s *Store) removeOver(over []store.ID, now time.Time) (removed int) {
	if len(over) == 0 {
		return 0
	}
	sh := s.shards.of(over[0])
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, id := range over {
		if at, e := sh.find(id); at >= 0 && e.over(now) {
			s.remove(sh, at, e, store.Notice{Kind: store.Swept})
			removed++
		}
	}
	return removed
}
