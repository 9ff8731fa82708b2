package cookies

import (
	"hash/maphash"
	"iter"
	"runtime/debug"
	"slices"
	"time"

	"coatcheck.dev/jar"
)

// A pile is a jar without limits that takes little memory. Of several cookies with the same name, domain, path and
// partition it has the last one, and none if that has expired.
type pile struct {
	seed   maphash.Seed
	chunks [][]byte          // packed cookies, one behind the other
	starts []start           // of the cookies, by their number
	index  map[uint64]uint32 // the number of the cookie of an identity, by its hash or the next free one
	gone   map[uint32]bool   // those that were replaced, or have expired
	aged   bool              // some cookies know when they were created
	packed []byte            // room for one cookie
}

// A start is where a cookie begins.
type start struct{ chunk, offset uint32 }

const chunkSize = 1 << 20

// An identity is what two cookies must not have in common.
type identity struct {
	name, domain, path string
	hostOnly           bool
	partition          jar.Partition
}

func identify(c *jar.Cookie) identity {
	return identity{c.Name, c.Domain, c.Path, c.HostOnly, c.Partition}
}

func newPile() *pile {
	return &pile{seed: maphash.MakeSeed(), index: map[uint64]uint32{}, gone: map[uint32]bool{}}
}

// put adds a cookie, and takes away the one that it replaces.
func (p *pile) put(c *jar.Cookie, now time.Time) {
	p.aged = p.aged || !c.Created.IsZero()
	id := identify(c)
	for hash := maphash.Comparable(p.seed, id); ; hash++ {
		i, ok := p.index[hash]
		if ok {
			if old := p.at(i); identify(&old) != id {
				continue
			}
			p.gone[i] = true
		}
		i = p.add(c)
		p.index[hash] = i
		if !c.Expires.IsZero() && !c.Expires.After(now) {
			p.gone[i] = true
		}
		return
	}
}

func (p *pile) add(c *jar.Cookie) uint32 {
	p.packed = pack(p.packed[:0], c)
	last := len(p.chunks) - 1
	if last < 0 || cap(p.chunks[last])-len(p.chunks[last]) < len(p.packed) {
		p.chunks = append(p.chunks, make([]byte, 0, max(chunkSize, len(p.packed))))
		last++
	}
	p.starts = append(p.starts, start{uint32(last), uint32(len(p.chunks[last]))})
	p.chunks[last] = append(p.chunks[last], p.packed...)
	return uint32(len(p.starts) - 1)
}

func (p *pile) at(i uint32) jar.Cookie {
	s := p.starts[i]
	return unpack(p.chunks[s.chunk][s.offset:])
}

// numbers yields the numbers of the cookies, in the order of the file.
func (p *pile) numbers(yield func(uint32) bool) {
	for i := range uint32(len(p.starts)) {
		if !p.gone[i] && !yield(i) {
			return
		}
	}
}

// all yields the cookies, oldest first; those that do not know their age are the youngest.
func (p *pile) all() iter.Seq[jar.Cookie] {
	order := iter.Seq[uint32](p.numbers)
	if p.aged {
		order = slices.Values(slices.SortedStableFunc(p.numbers, func(a, b uint32) int {
			return p.created(a).Compare(p.created(b))
		}))
	}
	return func(yield func(jar.Cookie) bool) {
		for i := range order {
			if !yield(p.at(i)) {
				return
			}
		}
	}
}

// created is when a cookie was created; the end of times if it does not know.
func (p *pile) created(i uint32) time.Time {
	if c := p.at(i); !c.Created.IsZero() {
		return c.Created
	}
	return time.Unix(1<<40, 0)
}

// frugal has the collector run more often than it would, because a pile grows and nothing of it can be freed. It
// returns what undoes that.
func frugal() (undo func()) {
	before := debug.SetGCPercent(50)
	return func() { debug.SetGCPercent(before) }
}
