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
	blocks [][]jar.Cookie    // of blockSize each, so that growing copies nothing
	index  map[uint64]uint32 // where the cookie of an identity is, by its hash or the next free number
	gone   map[uint32]bool   // those that were replaced, or have expired
	aged   bool              // some cookies know when they were created
}

const blockSize = 1024

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
		if ok && identify(p.at(i)) != id {
			continue
		}
		if ok {
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
	last := len(p.blocks) - 1
	if last < 0 || len(p.blocks[last]) == blockSize {
		p.blocks = append(p.blocks, make([]jar.Cookie, 0, blockSize))
		last++
	}
	p.blocks[last] = append(p.blocks[last], *c)
	return uint32(last*blockSize + len(p.blocks[last]) - 1)
}

func (p *pile) at(i uint32) *jar.Cookie { return &p.blocks[i/blockSize][i%blockSize] }

// numbers yields the places of the cookies, in the order of the file.
func (p *pile) numbers(yield func(uint32) bool) {
	for b := range p.blocks {
		for k := range p.blocks[b] {
			if i := uint32(b*blockSize + k); !p.gone[i] && !yield(i) {
				return
			}
		}
	}
}

// all yields the cookies, oldest first; those that do not know their age are the youngest.
func (p *pile) all() iter.Seq[jar.Cookie] {
	order := iter.Seq[uint32](p.numbers)
	if p.aged {
		order = slices.Values(slices.SortedStableFunc(p.numbers, func(a, b uint32) int {
			return created(p.at(a)).Compare(created(p.at(b)))
		}))
	}
	return func(yield func(jar.Cookie) bool) {
		for i := range order {
			if !yield(*p.at(i)) {
				return
			}
		}
	}
}

// created is when a cookie was created; the end of times if it does not know.
func created(c *jar.Cookie) time.Time {
	if c.Created.IsZero() {
		return time.Unix(1<<40, 0)
	}
	return c.Created
}

// frugal has the collector run more often than it would, because a pile grows and nothing of it can be freed. It
// returns what undoes that.
func frugal() (undo func()) {
	before := debug.SetGCPercent(40)
	return func() { debug.SetGCPercent(before) }
}
