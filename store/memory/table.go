package memory

import (
	"encoding/binary"

	"coatcheck.dev/store"
)

// A table finds entries by ID. It is an open hash table of pointers, which takes half the memory of a map, and a
// session less time to find: what is compared is in the entry, which has to be fetched anyway.
type table struct {
	slots []*entry // a power of two of them, at most three quarters in use
	len   int
}

// place returns where the search for an ID begins. IDs are random; the multiplication is for those that tests make up.
func (t *table) place(id *store.ID) int {
	h := (binary.LittleEndian.Uint64(id[:8]) ^ binary.LittleEndian.Uint64(id[8:])) * 0x9e3779b97f4a7c15
	return int(h>>32) & (len(t.slots) - 1)
}

func (t *table) next(i int) int { return (i + 1) & (len(t.slots) - 1) }

func (t *table) get(id store.ID) *entry {
	if t.len == 0 {
		return nil
	}
	i := t.place(&id)
	for t.slots[i] != nil && t.slots[i].id != id {
		i = t.next(i)
	}
	return t.slots[i]
}

// put adds an entry, whose ID is not in the table.
func (t *table) put(e *entry) {
	if 4*(t.len+1) > 3*len(t.slots) {
		old := t.slots
		t.slots = make([]*entry, max(8, 2*len(old)))
		for _, e := range old {
			if e != nil {
				t.insert(e)
			}
		}
	}
	t.insert(e)
	t.len++
}

func (t *table) insert(e *entry) {
	i := t.place(&e.id)
	for t.slots[i] != nil {
		i = t.next(i)
	}
	t.slots[i] = e
}

// remove takes an entry out, and moves those behind it up that the gap would hide.
func (t *table) remove(e *entry) {
	gap := t.place(&e.id)
	for t.slots[gap] != e {
		gap = t.next(gap)
	}
	for i := t.next(gap); t.slots[i] != nil; i = t.next(i) {
		// An entry may move to the gap if its search begins at the gap or before, going round.
		begin := t.place(&t.slots[i].id)
		if mask := len(t.slots) - 1; (i-begin)&mask >= (i-gap)&mask {
			t.slots[gap] = t.slots[i]
			gap = i
		}
	}
	t.slots[gap] = nil
	t.len--
}
