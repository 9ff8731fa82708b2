package memory

import (
	"hash/maphash"
	"slices"
	"sync"
)

// users finds the sessions of a user. For each session it has the hash of the user and half of the ID: together a third
// of a map's memory. Hashes and halves may be equal, so a search for a user's sessions has to compare.
type users struct {
	seed  maphash.Seed
	parts [256]struct {
		mu   sync.Mutex // callers hold locks of different shards
		refs table[ref] // by the hash of the user
	}
}

// A ref is the key of one session. It is in two halves, because a whole one would be followed by four bytes of padding.
type ref struct{ high, low uint32 }

func refOf(k key) ref { return ref{uint32(k >> 32), uint32(k)} }

func (r ref) key() key { return key(r.high)<<32 | key(r.low) }

func (u *users) init() { u.seed = maphash.MakeSeed() }

// of returns the hash of a user and the part that has their refs. Bits of the hash choose the part, and other bits
// choose the slot in a small table.
func (u *users) of(user string) (hash uint32, refs *table[ref], mu *sync.Mutex) {
	hash = uint32(maphash.String(u.seed, user))
	p := &u.parts[hash>>8&0xff]
	return hash, &p.refs, &p.mu
}

// add notes a session of a user. The caller holds the lock of its shard, here and in remove. The empty user has none.
func (u *users) add(user string, k key) {
	if user == "" {
		return
	}
	hash, refs, mu := u.of(user)
	mu.Lock()
	defer mu.Unlock()
	refs.add(hash, refOf(k))
}

func (u *users) remove(user string, k key) {
	if user == "" {
		return
	}
	hash, refs, mu := u.of(user)
	mu.Lock()
	defer mu.Unlock()
	for i := refs.search(hash); i >= 0; i = refs.after(hash, i) {
		if refs.slots[i].value == refOf(k) {
			refs.remove(i)
			return
		}
	}
}

// keys returns the keys under which sessions of a user may be found, each once. The caller holds the locks of all
// shards, for reading at least.
func (u *users) keys(user string) (keys []key) {
	if user == "" {
		return nil
	}
	hash, refs, _ := u.of(user)
	for i := refs.search(hash); i >= 0; i = refs.after(hash, i) {
		keys = append(keys, refs.slots[i].value.key())
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
