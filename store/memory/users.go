package memory

import (
	"hash/maphash"
	"slices"
	"sync"
)

// users finds the sessions of a user. For each session it has the hash of the user and half of the ID, which together cost
// a third of what a map would. Whoever looks for a user's sessions has to compare: hashes and halves may be equal.
type users struct {
	seed  maphash.Seed
	parts [256]struct {
		mu   sync.Mutex // between two who hold the locks of different shards
		refs table[ref]
	}
}

// A ref is one session in users. The key is in two halves, as a whole one would be followed by four bytes of nothing.
type ref struct{ user, high, low uint32 }

func (r ref) hash() uint32 { return r.user }

func (r ref) key() key { return key(r.high)<<32 | key(r.low) }

func (u *users) init() { u.seed = maphash.MakeSeed() }

func (u *users) ref(user string, k key) ref {
	return ref{uint32(maphash.String(u.seed, user)), uint32(k >> 32), uint32(k)}
}

// part returns the part that has the refs of a user, by bits of the hash that tell places in a small table least apart.
func (u *users) part(r ref) (refs *table[ref], mu *sync.Mutex) {
	p := &u.parts[r.user>>8&0xff]
	return &p.refs, &p.mu
}

// add notes a session of a user. The caller holds the lock of its shard, in remove as well. The empty user has none.
func (u *users) add(user string, k key) {
	if user == "" {
		return
	}
	r := u.ref(user, k)
	refs, mu := u.part(r)
	mu.Lock()
	defer mu.Unlock()
	refs.add(r)
}

func (u *users) remove(user string, k key) {
	if user == "" {
		return
	}
	r := u.ref(user, k)
	refs, mu := u.part(r)
	mu.Lock()
	defer mu.Unlock()
	for i := refs.search(r.user); i >= 0; i = refs.after(r.user, i) {
		if refs.values[i] == r {
			refs.remove(i)
			return
		}
	}
}

// keys returns the keys under which sessions of a user may be found, each once. The caller holds the locks of all shards,
// for reading at least.
func (u *users) keys(user string) (keys []key) {
	if user == "" {
		return nil
	}
	r := u.ref(user, 0)
	refs, _ := u.part(r)
	for i := refs.search(r.user); i >= 0; i = refs.after(r.user, i) {
		if found := refs.values[i]; found.user == r.user {
			keys = append(keys, found.key())
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
