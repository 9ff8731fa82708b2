package memory

import (
	"unsafe"

	"coatcheck.dev/store"
)

const (
	cacheLine = 64
	frontLen  = 96  // of a text, which is what most requests read of it
	nearby    = 256 // sessions at most are all in the cache that is nearest to the processor
)

// PrefetchIndex implements [store.Prefetcher]. A search that begins late in a line often ends in the next one.
func (s *Store) PrefetchIndex(id store.ID) {
	if s.count.Load() <= nearby {
		return
	}
	slot := s.shards.of(id).index.hint(keyOf(&id).hash())
	prefetch(slot)
	prefetch(slot + cacheLine/2)
}

// PrefetchRecord implements [store.Prefetcher]. A front begins anywhere in a line, and so ends in a third one at times.
func (s *Store) PrefetchRecord(id store.ID) {
	if s.count.Load() <= nearby {
		return
	}
	sh := s.shards.of(id)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	i := sh.index.search(keyOf(&id).hash())
	if i < 0 {
		return
	}
	if p := sh.index.slots[i].value; p.block() != 0 { // the young are few
		text := uintptr(unsafe.Pointer(unsafe.StringData(sh.rack.blocks[p.block()]))) + uintptr(p.at())
		prefetch(text)
		prefetch(text + cacheLine)
		prefetch(text + frontLen)
	}
}
