package memory

import (
	"encoding/binary"
	"strings"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// shardCount limits how long a sweep or a listing holds one lock: at a million sessions, for a look at four thousand.
// The first byte of an ID is the number of its shard.
const shardCount = 256

// A shard has the sessions whose keys end in one byte. It fills three cache lines, so two processors with a shard each
// do not slow each other down.
type shard struct {
	mu    sync.RWMutex
	index table[place] // by the hash of the key
	arena arena
	_     [24]byte
}

// A key is the first half of an ID. IDs are random, so it is hardly ever the same for two.
type key uint64

func keyOf(id *store.ID) key { return key(binary.LittleEndian.Uint64(id[:])) }

// hash is for the made-up IDs of tests; those of sessions are random enough.
func (k key) hash() uint32 { return uint32(k * 0x9e3779b97f4a7c15 >> 32) }

func (e encoded) hash() uint32 {
	id := e.id()
	return keyOf(&id).hash()
}

// get returns the record of a slot of the index. The caller holds the lock, for reading at least, here and in all,
// find, has and withKey.
func (sh *shard) get(i int) encoded { return sh.arena.get(sh.index.slots[i].value) }

// all yields every record.
func (sh *shard) all(yield func(encoded) bool) {
	for p := range sh.index.all {
		if !yield(sh.arena.get(p)) {
			return
		}
	}
}

// find returns the slot of a record and the record, and -1 if there is none.
func (sh *shard) find(id store.ID) (int, encoded) {
	hash := keyOf(&id).hash()
	for i := sh.index.search(hash); i >= 0; i = sh.index.after(hash, i) {
		if e := sh.get(i); string(e[:idLen]) == string(id[:]) {
			return i, e
		}
	}
	return -1, ""
}

// has reports whether there is a record.
func (sh *shard) has(id store.ID) bool {
	i, _ := sh.find(id)
	return i >= 0
}

// withKey returns the records of a key.
func (sh *shard) withKey(k key) (found []encoded) {
	hash := k.hash()
	for i := sh.index.search(hash); i >= 0; i = sh.index.after(hash, i) {
		e := sh.get(i)
		if id := e.id(); keyOf(&id) == k {
			found = append(found, e)
		}
	}
	return found
}

// add puts a record in. The caller holds the lock, here and in all methods below, and has checked arena.full.
func (sh *shard) add(e encoded) {
	sh.index.add(e.hash(), sh.arena.append(e))
	sh.join()
}

// replace puts a record in the place of another one. The arena must not be full here either.
func (sh *shard) replace(i int, e encoded) {
	old := sh.index.slots[i].value
	sh.index.slots[i].value = sh.arena.append(e)
	sh.free(old)
}

// remove takes out the record of a slot.
func (sh *shard) remove(i int) {
	old := sh.index.slots[i].value
	sh.index.remove(i)
	sh.free(old)
}

// free gives up a place without a slot.
func (sh *shard) free(p place) {
	if p.block() == 0 {
		if e, from := sh.arena.removePending(p); from != p {
			sh.moved(e, from, p)
		}
	} else if sh.arena.leaveGap(p) {
		sh.arena.takeApart(p.block(), func(e encoded, from place) {
			if i := sh.slotOf(e, from); i >= 0 {
				sh.index.slots[i].value = sh.arena.append(encoded(strings.Clone(string(e)))) // the block is to go
			}
		})
	}
	sh.join()
}

func (sh *shard) join() {
	for sh.arena.overflows() {
		sh.arena.join(sh.moved)
	}
}

// moved has the index follow a record to another place.
func (sh *shard) moved(e encoded, from, to place) { sh.index.slots[sh.slotOf(e, from)].value = to }

// slotOf returns the slot of the record at a place, and -1 if there is none.
func (sh *shard) slotOf(e encoded, p place) int {
	hash := e.hash()
	i := sh.index.search(hash)
	for i >= 0 && sh.index.slots[i].value != p {
		i = sh.index.after(hash, i)
	}
	return i
}

type shards [shardCount]shard

func (s *shards) of(id store.ID) *shard { return &s[id[0]] }

func (s *shards) ofKey(k key) *shard { return &s[uint8(k)] }

// lockPair locks the shards of two IDs, always in the same order: two callers cannot wait for each other.
func (s *shards) lockPair(a, b store.ID) (unlock func()) {
	first, second := a[0], b[0]
	if first == second {
		s[first].mu.Lock()
		return s[first].mu.Unlock
	}
	if first > second {
		first, second = second, first
	}
	s[first].mu.Lock()
	s[second].mu.Lock()
	return func() {
		s[second].mu.Unlock()
		s[first].mu.Unlock()
	}
}

func (s *shards) lockAll() {
	for i := range s {
		s[i].mu.Lock()
	}
}

func (s *shards) unlockAll() {
	for i := range s {
		s[i].mu.Unlock()
	}
}

func (s *shards) rlockAll() {
	for i := range s {
		s[i].mu.RLock()
	}
}

func (s *shards) runlockAll() {
	for i := range s {
		s[i].mu.RUnlock()
	}
}

// over returns the IDs of records whose time is over, at most limit of them. Reads go on meanwhile.
func (sh *shard) over(now time.Time, limit int) (ids []store.ID) {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	for e := range sh.all {
		if e.over(now) {
			if ids = append(ids, e.id()); len(ids) == limit {
				break
			}
		}
	}
	return ids
}

// touch moves the time last seen of a session, only ever forward.
func (sh *shard) touch(id store.ID, seen int64) {
	i, e := sh.find(id)
	if i < 0 || sh.arena.full() {
		return
	}
	if h := e.head(); seen > h.seen() {
		sh.replace(i, e.touched(seen))
	}
}
