package memory

import (
	"unsafe"

	"coatcheck.dev/store"
)

const (
	cacheLine = 64
	frontLen  = 2 * cacheLine // what most requests read of a text is no longer
)

// PrefetchIndex implements [store.Prefetcher]. The slot at which a search begins mostly is in the same line as the one at which it
// ends.
func (s *Store) PrefetchIndex(id store.ID) {
	prefetch(s.shards.of(id).index.hint(keyOf(&id).hash()))
}

// PrefetchRecord implements [store.Prefetcher]. A text begins anywhere in a line, and so ends in a third one at times.
func (s *Store) PrefetchRecord(id store.ID) {
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
