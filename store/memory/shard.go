package memory

import (
	"sync"
	"time"

	"coatcheck.dev/store"
)

// shardCount bounds the time that a sweep or a listing holds one lock: at a million sessions that of looking at
// four thousand. One byte of an ID says which shard has it.
const shardCount = 256

// A shard has the entries of the IDs that end in one byte. It is as large as a cache line, so that two shards in
// use on two processors do not slow each other down.
type shard struct {
	mu      sync.RWMutex
	entries table
	_       [8]byte
}

type shards [shardCount]shard

func (s *shards) of(id store.ID) *shard { return &s[id[len(id)-1]] }

// lockPair locks the shards of two IDs, always in the same order, so that two callers cannot wait for each other.
func (s *shards) lockPair(a, b store.ID) (unlock func()) {
	first, second := a[len(a)-1], b[len(b)-1]
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

// over returns at most limit entries that are over. Reads go on meanwhile.
func (sh *shard) over(now time.Time, limit int) []*entry {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	var over []*entry
	for _, e := range sh.entries.slots {
		if e != nil && e.over(now) {
			if over = append(over, e); len(over) == limit {
				break
			}
		}
	}
	return over
}
