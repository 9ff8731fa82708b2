package memory

import (
	"encoding/binary"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// shardCount bounds the time that a sweep or a listing holds one lock: at a million sessions that of looking at
// four thousand. The first byte of an ID says which shard has it.
const shardCount = 256

// A shard has the sessions of the keys that end in one byte. It is as large as two cache lines, so that two shards in
// use on two processors do not slow each other down.
type shard struct {
	mu    sync.RWMutex
	texts table[text]
	_     [40]byte
}

// A key is the first half of an ID. IDs are random, so it is hardly ever the same for two.
type key uint64

func keyOf(id *store.ID) key { return key(binary.LittleEndian.Uint64(id[:])) }

// hash is for IDs that tests make up; those of sessions are random enough.
func (k key) hash() uint32 { return uint32(k * 0x9e3779b97f4a7c15 >> 32) }

func (t text) hash() uint32 {
	id := t.id()
	return keyOf(&id).hash()
}

// find returns the place of a session, and -1 if there is none. The caller holds the lock, for reading at least.
func (sh *shard) find(id store.ID) int {
	hash := keyOf(&id).hash()
	i := sh.texts.search(hash)
	for i >= 0 && string(sh.texts.values[i][:idLen]) != string(id[:]) {
		i = sh.texts.after(hash, i)
	}
	return i
}

// withKey returns the sessions of a key. The caller holds the lock, for reading at least.
func (sh *shard) withKey(k key) (found []text) {
	hash := k.hash()
	for i := sh.texts.search(hash); i >= 0; i = sh.texts.after(hash, i) {
		t := sh.texts.values[i]
		if id := t.id(); keyOf(&id) == k {
			found = append(found, t)
		}
	}
	return found
}

type shards [shardCount]shard

func (s *shards) of(id store.ID) *shard { return &s[id[0]] }

func (s *shards) ofKey(k key) *shard { return &s[uint8(k)] }

// lockPair locks the shards of two IDs, always in the same order, so that two callers cannot wait for each other.
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

// over returns the IDs of at most limit sessions that are over. Reads go on meanwhile.
func (sh *shard) over(now time.Time, limit int) (ids []store.ID) {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	for t := range sh.texts.all {
		if t.over(now) {
			if ids = append(ids, t.id()); len(ids) == limit {
				break
			}
		}
	}
	return ids
}

// touch moves the time last seen, only ever forward.
func (sh *shard) touch(i int, seen int64) {
	t := sh.texts.values[i]
	if h := t.head(); seen > h.seen() {
		sh.texts.values[i] = t.touched(seen)
	}
}
