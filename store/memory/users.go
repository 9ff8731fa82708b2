package memory

import (
	"hash/maphash"
	"sync"
)

// users finds the entries of a user. It is a hash table whose keys are hashes and whose chains are links in the
// entries themselves, which costs half of what a map of users would. Users whose hashes are equal share a chain.
type users struct {
	seed  maphash.Seed
	parts [64]struct {
		mu    sync.Mutex // between two who hold the locks of different shards
		heads map[uint64]*entry
	}
}

func (u *users) init() {
	u.seed = maphash.MakeSeed()
	for i := range u.parts {
		u.parts[i].heads = make(map[uint64]*entry)
	}
}

// add links an entry. The caller holds the lock of its shard, in remove as well. The empty user has no chain.
func (u *users) add(user string, e *entry) {
	if user == "" {
		return
	}
	h := maphash.String(u.seed, user)
	p := &u.parts[h%uint64(len(u.parts))]
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.next = p.heads[h]; e.next != nil {
		e.next.prev = e
	}
	p.heads[h] = e
}

func (u *users) remove(user string, e *entry) {
	if user == "" {
		return
	}
	h := maphash.String(u.seed, user)
	p := &u.parts[h%uint64(len(u.parts))]
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.next != nil {
		e.next.prev = e.prev
	}
	switch {
	case e.prev != nil:
		e.prev.next = e.next
	case e.next != nil:
		p.heads[h] = e.next
	default:
		delete(p.heads, h)
	}
	e.prev, e.next = nil, nil
}

// of returns the entries of a user. The caller holds the locks of all shards, for reading at least.
func (u *users) of(user string) []*entry {
	h := maphash.String(u.seed, user)
	var entries []*entry
	for e := u.parts[h%uint64(len(u.parts))].heads[h]; e != nil; e = e.next {
		if e.user() == user {
			entries = append(entries, e)
		}
	}
	return entries
}
