package memory

// A table is a hash table with open addressing. It may be filled more densely than a map, so a session takes less
// memory. Hashes lie beside the values, eight slots in a cache line: at a million sessions every line has to be fetched
// from memory, which is most of the time of a read.
type table[V any] struct {
	slots []slot[V]
	live  int
	dead  int // slots whose value was removed: searches have to pass them
}

type slot[V any] struct {
	hash  uint32
	value V
}

// Hashes with a meaning of their own. Those of values are moved out of their way.
const (
	slotEmpty = 0
	slotDead  = 1
	slotFirst = 2
)

func (s *slot[V]) used() bool { return s.hash >= slotFirst }

// search returns the first slot whose value has this hash, and -1 if there is none.
func (t *table[V]) search(hash uint32) int {
	if t.live == 0 {
		return -1
	}
	return t.scan(hash, t.begin(hash))
}

// after returns the next such slot after another one.
func (t *table[V]) after(hash uint32, i int) int { return t.scan(hash, t.next(i)) }

func (t *table[V]) scan(hash uint32, i int) int {
	hash = max(hash, slotFirst)
	for t.slots[i].hash != hash {
		if t.slots[i].hash == slotEmpty {
			return -1
		}
		i = t.next(i)
	}
	return i
}

// begin returns the slot where the search for a hash begins. It spreads hashes evenly over any number of slots.
func (t *table[V]) begin(hash uint32) int { return int(uint64(hash) * uint64(len(t.slots)) >> 32) }

func (t *table[V]) next(i int) int {
	if i++; i == len(t.slots) {
		return 0
	}
	return i
}

// add puts a value in, whether or not there is an equal one. An eighth of the slots stays empty, so searches end soon.
func (t *table[V]) add(hash uint32, v V) {
	if 8*(t.live+t.dead+1) > 7*len(t.slots) {
		t.grow()
	}
	t.insert(hash, v)
	t.live++
}

func (t *table[V]) grow() {
	old := t.slots
	t.slots, t.dead = make([]slot[V], max(8, t.live+t.live/2)), 0
	for i := range old {
		if old[i].used() {
			t.insert(old[i].hash, old[i].value)
		}
	}
}

func (t *table[V]) insert(hash uint32, v V) {
	i := t.begin(hash)
	for t.slots[i].used() {
		i = t.next(i)
	}
	if t.slots[i].hash == slotDead {
		t.dead--
	}
	t.slots[i] = slot[V]{max(hash, slotFirst), v}
}

// remove takes the value out of a slot.
func (t *table[V]) remove(i int) {
	t.slots[i] = slot[V]{hash: slotDead}
	t.dead++
	t.live--
}

// all yields every value.
func (t *table[V]) all(yield func(V) bool) {
	for i := range t.slots {
		if t.slots[i].used() && !yield(t.slots[i].value) {
			return
		}
	}
}
