package memory

import (
	"encoding/binary"
	"strings"
	"sync"
	"time"

	"coatcheck.dev/store"
)

// shardCount bounds the time that a sweep or a listing holds one lock: at a million sessions that of looking at
// four thousand. The first byte of an ID says which shard has it.
const shardCount = 256

// A shard has the sessions of the keys that end in one byte. It is as large as three cache lines, so that two shards in
// use on two processors do not slow each other down.
type shard struct {
	mu    sync.RWMutex
	index table[place] // by the hash of the key
	rack  rack
	_     [24]byte
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

// text returns what a slot of the index leads to. The caller holds the lock, for reading at least.
func (sh *shard) text(i int) text { return sh.rack.text(sh.index.slots[i].value) }

// all yields every text. The caller holds the lock, for reading at least.
func (sh *shard) all(yield func(text) bool) {
	for p := range sh.index.all {
		if !yield(sh.rack.text(p)) {
			return
		}
	}
}

// add puts a text in. The caller holds the lock, here and wherever something changes, and has seen that the rack is not
// full.
func (sh *shard) add(t text) {
	sh.index.add(t.hash(), sh.rack.hang(t))
	sh.tidy()
}

// replace puts a text in the place of the one that a slot of the index leads to. The rack must not be full here either.
func (sh *shard) replace(i int, t text) {
	old := sh.index.slots[i].value
	sh.index.slots[i].value = sh.rack.hang(t)
	sh.take(old)
}

// remove takes out the text that a slot of the index leads to.
func (sh *shard) remove(i int) {
	old := sh.index.slots[i].value
	sh.index.remove(i)
	sh.take(old)
}

// take takes a text off the rack to which no slot leads any more.
func (sh *shard) take(p place) {
	if p.block() == 0 {
		if t, from := sh.rack.takeYoung(p); from != p {
			sh.moved(t, from, p)
		}
	} else if sh.rack.takeOld(p) {
		sh.rack.takeApart(p.block(), func(t text, from place) {
			if i := sh.leading(t, from); i >= 0 {
				sh.index.slots[i].value = sh.rack.hang(text(strings.Clone(string(t)))) // the block is to go
			}
		})
	}
	sh.tidy()
}

func (sh *shard) tidy() {
	for sh.rack.crowded() {
		sh.rack.join(sh.moved)
	}
}

// moved has the index follow a text to another place.
func (sh *shard) moved(t text, from, to place) { sh.index.slots[sh.leading(t, from)].value = to }

// leading returns which slot of the index leads to the text at a place, and -1 if none does.
func (sh *shard) leading(t text, p place) int {
	hash := t.hash()
	i := sh.index.search(hash)
	for i >= 0 && sh.index.slots[i].value != p {
		i = sh.index.after(hash, i)
	}
	return i
}

// find returns the slot of a session and its text, and -1 if there is none. The caller holds the lock, for reading at least.
func (sh *shard) find(id store.ID) (int, text) {
	hash := keyOf(&id).hash()
	for i := sh.index.search(hash); i >= 0; i = sh.index.after(hash, i) {
		if t := sh.text(i); string(t[:idLen]) == string(id[:]) {
			return i, t
		}
	}
	return -1, ""
}

// has reports whether there is a session. The caller holds the lock, for reading at least.
func (sh *shard) has(id store.ID) bool {
	i, _ := sh.find(id)
	return i >= 0
}

// withKey returns the sessions of a key. The caller holds the lock, for reading at least.
func (sh *shard) withKey(k key) (found []text) {
	hash := k.hash()
	for i := sh.index.search(hash); i >= 0; i = sh.index.after(hash, i) {
		t := sh.text(i)
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
	for t := range sh.all {
		if t.over(now) {
			if ids = append(ids, t.id()); len(ids) == limit {
				break
			}
		}
	}
	return ids
}

// touch moves the time that a session was last seen, only ever forward.
func (sh *shard) touch(id store.ID, seen int64) {
	i, t := sh.find(id)
	if i < 0 || sh.rack.full() {
		return
	}
	if h := t.head(); seen > h.seen() {
		sh.replace(i, t.touched(seen))
	}
}
