package memory

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
	"unsafe"

	"coatcheck.dev/store"
)

// crowded is a value with one of few hashes, which begin in few slots; some are the smallest there are.
type crowded struct{ n int }

func (c crowded) hash() uint32 { return uint32(c.n%5)<<30 | uint32(c.n%7) }

func find(t *table[crowded], want crowded) int {
	i := t.search(want.hash())
	for i >= 0 && t.slots[i].value != want {
		i = t.after(want.hash(), i)
	}
	return i
}

// Each step is compared with a map. Removals leave dead slots behind, which are used again and outlast no growth.
func TestTableIsAMap(t *testing.T) {
	for range 20 {
		var tab table[crowded]
		want := make(map[int]bool)
		for step := range 3000 {
			c := crowded{rand.IntN(300)}
			if want[c.n] {
				tab.remove(find(&tab, c))
				delete(want, c.n)
			} else if rand.IntN(3) > 0 || step < 100 {
				tab.add(c.hash(), c)
				want[c.n] = true
			}
			if probe := (crowded{rand.IntN(300)}); (find(&tab, probe) >= 0) != want[probe.n] {
				t.Fatalf("step %d: %v is found: %v", step, probe, !want[probe.n])
			}
			if tab.live != len(want) {
				t.Fatalf("step %d: %d values, want %d", step, tab.live, len(want))
			}
			dead := 0
			for _, s := range tab.slots {
				if s.hash == slotDead {
					dead++
				}
			}
			if tab.dead != dead {
				t.Fatalf("step %d: %d slots count as dead, and %d are", step, tab.dead, dead)
			}
		}
		n := 0
		for c := range tab.all {
			if n++; !want[c.n] {
				t.Fatalf("%v is still there", c)
			}
		}
		if n != len(want) {
			t.Fatalf("%d values, want %d", n, len(want))
		}
	}
}

// Values that come and go take no more room than those that are there.
func TestTableDoesNotGrowByRemovals(t *testing.T) {
	var tab table[crowded]
	for n := range 100_000 {
		tab.add(crowded{n}.hash(), crowded{n})
		tab.remove(find(&tab, crowded{n}))
	}
	if len(tab.slots) > 8 {
		t.Errorf("an empty table has %d slots", len(tab.slots))
	}
}

// IDs are compared whole: those of one key are different sessions, also of one user.
func TestIDsOfOneKey(t *testing.T) {
	ctx := t.Context()
	s := New()
	ids := []store.ID{{7, 15: 1}, {7, 15: 2}, {7, 15: 3}}
	for i, user := range []string{"ada", "eve", "ada"} {
		if err := s.Create(ctx, store.Record{ID: ids[i], User: user}, store.ID{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		user string
		want int
	}{{"ada", 2}, {"eve", 1}, {"bob", 0}} {
		if n, err := s.Count(ctx, c.user, time.Unix(-1<<40, 0)); n != c.want || err != nil {
			t.Errorf("%s has %d sessions, %v; want %d", c.user, n, err, c.want)
		}
	}
	gone, err := s.DeleteUser(ctx, "ada", ids[0])
	if err != nil || !slices.Equal(gone, ids[2:]) {
		t.Errorf("deleted %v, %v", gone, err)
	}
	for i, there := range []bool{true, true, false} {
		if got, _ := s.Peek(ids[i], time.Now()); got.ID.IsZero() == there {
			t.Errorf("session %d is there: %v", i, !there)
		}
	}
}

// Users whose hashes are equal share refs; neither may see the other's sessions.
func TestUsersWithEqualHashes(t *testing.T) {
	s := New()
	ada, eve := store.Record{ID: store.NewID(), User: "ada"}, store.Record{ID: store.NewID(), User: "eve"}
	for _, r := range []store.Record{ada, eve} {
		s.shards.of(r.ID).add(encode(&r, 1, 0, 0))
		hash, refs, _ := s.users.of("ada")
		refs.add(hash, refOf(keyOf(&r.ID)))
	}
	if got := s.of("ada"); len(got) != 1 || got[0].id() != ada.ID {
		t.Errorf("ada has %d sessions, want her one", len(got))
	}
}

func TestShardsBeginAtACacheLine(t *testing.T) {
	if size := unsafe.Sizeof(shard{}); size != 3*64 {
		t.Errorf("a shard has %d bytes", size)
	}
}
