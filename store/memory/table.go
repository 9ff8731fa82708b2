package memory

// A table is an open hash table that may be filled more densely than a map, so that a session takes less memory. One byte
// for each place, its tag, is searched first: what is in a place is looked at only if the tag fits. The tags of a million
// sessions stay in the processor's cache, while everything else has to be fetched from memory, which is most of the time
// that a read takes then.
type table[V interface{ hash() uint32 }] struct {
	tags   []uint8
	values []V
	live   int
	dead   int // places whose value was removed, and which searches have to pass
}

const (
	tagEmpty = 0
	tagDead  = 1
	tagFirst = 2 // this and all above: a value is there
)

func tagOf(hash uint32) uint8 { return max(uint8(hash), tagFirst) }

// search returns the first place where a value of this hash may be, and -1 if there is none.
func (t *table[V]) search(hash uint32) int {
	if t.live == 0 {
		return -1
	}
	return t.scan(hash, t.begin(hash))
}

// after returns the next such place after another one.
func (t *table[V]) after(hash uint32, i int) int { return t.scan(hash, t.next(i)) }

func (t *table[V]) scan(hash uint32, i int) int {
	tag := tagOf(hash)
	for t.tags[i] != tag {
		if t.tags[i] == tagEmpty {
			return -1
		}
		i = t.next(i)
	}
	return i
}

// begin returns the place where the search for a hash begins: it spreads hashes evenly over any number of places.
func (t *table[V]) begin(hash uint32) int { return int(uint64(hash) * uint64(len(t.tags)) >> 32) }

func (t *table[V]) next(i int) int {
	if i++; i == len(t.tags) {
		return 0
	}
	return i
}

// add puts a value in, whether or not there is an equal one. An eighth of the places stays empty, so that searches end soon.
func (t *table[V]) add(v V) {
	if 8*(t.live+t.dead+1) > 7*len(t.tags) {
		t.grow()
	}
	t.insert(v)
	t.live++
}

func (t *table[V]) grow() {
	old := *t
	n := max(8, t.live+t.live/2)
	t.tags, t.values, t.dead = make([]uint8, n), make([]V, n), 0
	for v := range old.all {
		t.insert(v)
	}
}

func (t *table[V]) insert(v V) {
	hash := v.hash()
	i := t.begin(hash)
	for t.tags[i] >= tagFirst {
		i = t.next(i)
	}
	if t.tags[i] == tagDead {
		t.dead--
	}
	t.tags[i], t.values[i] = tagOf(hash), v
}

// remove takes the value out of a place.
func (t *table[V]) remove(i int) {
	var none V
	t.tags[i], t.values[i] = tagDead, none
	t.dead++
	t.live--
}

// all yields every value.
func (t *table[V]) all(yield func(V) bool) {
	for i, tag := range t.tags {
		if tag >= tagFirst && !yield(t.values[i]) {
			return
		}
	}
}
