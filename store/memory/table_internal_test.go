package memory

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"coatcheck.dev/store"
)

// crowdedID makes IDs that collide: their searches begin in a few neighbouring places.
func crowdedID() (id store.ID) {
	id[4], id[9] = byte(rand.IntN(4)), byte(rand.IntN(16))
	id[2] = byte(rand.IntN(3))
	return id
}

// A removal moves others up, which is where such tables go wrong: each step is compared with a map.
func TestTableIsAMap(t *testing.T) {
	for range 20 {
		var tab table
		want := make(map[store.ID]*entry)
		for step := range 3000 {
			id := crowdedID()
			if e := want[id]; e != nil {
				tab.remove(e)
				delete(want, id)
			} else if rand.IntN(3) > 0 || step < 100 {
				want[id] = &entry{id: id}
				tab.put(want[id])
			}
			if probe := crowdedID(); tab.get(probe) != want[probe] {
				t.Fatalf("step %d: an entry is %v, want %v", step, tab.get(probe), want[probe])
			}
			if tab.len != len(want) {
				t.Fatalf("step %d: %d entries, want %d", step, tab.len, len(want))
			}
		}
		for id, e := range want {
			if tab.get(id) != e {
				t.Fatalf("entry %v is lost", id)
			}
		}
	}
}

// Lists of users share buckets, and their first entries come and go.
func TestPartKeepsListsApart(t *testing.T) {
	var u users
	u.init()
	want := make(map[uint32][]*entry)
	for step := range 20_000 {
		hash := uint32(7 | rand.IntN(200)<<8) // one part, many buckets
		if list := want[hash]; len(list) > 0 && rand.IntN(2) == 0 {
			i := rand.IntN(len(list))
			u.remove(list[i])
			want[hash] = slices.Delete(list, i, i+1)
		} else {
			e := &entry{user: hash}
			u.add(e)
			want[hash] = append(list, e)
		}
		hash = uint32(7 | rand.IntN(200)<<8)
		n := 0
		for e := *u.part(hash).find(hash); e != nil; e = e.next {
			if n++; !slices.Contains(want[hash], e) {
				t.Fatalf("step %d: a stranger is in the list", step)
			}
		}
		if n != len(want[hash]) {
			t.Fatalf("step %d: the list has %d entries, want %d", step, n, len(want[hash]))
		}
	}
}

// Two users whose hashes are equal share a list; neither may see the other's sessions.
func TestUsersWithEqualHashes(t *testing.T) {
	s := New()
	for _, user := range []string{"ada", "eve", "ada"} {
		r := store.Record{ID: store.NewID(), User: user}
		e := newEntry(&r, 42)
		s.shards.of(r.ID).entries.put(e)
		s.users.add(e)
	}
	ada, eve := 0, 0
	for e := *s.users.part(42).find(42); e != nil; e = e.next {
		switch e.userName() {
		case "ada":
			ada++
		case "eve":
			eve++
		}
	}
	if ada != 2 || eve != 1 {
		t.Fatalf("the list has %d of ada and %d of eve, want 2 and 1", ada, eve)
	}
	if got := s.users.part(42).of(42, "eve"); len(got) != 1 || got[0].userName() != "eve" {
		t.Errorf("eve has %d entries, want 1", len(got))
	}
}

func TestEntrySize(t *testing.T) {
	if got := unsafe.Sizeof(entry{}); got > 80 {
		t.Errorf("an entry takes %d bytes, want at most 80: the next size that is allocated is 96", got)
	}
}
