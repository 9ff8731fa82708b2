package memory

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// A rack keeps the texts of one shard. A text hangs by itself at first; when enough have come together they are joined into
// one block, so that a million sessions are ten thousand objects to the garbage collector, and the index that leads to
// them has no pointers it would have to follow. What was joined never changes: a text that has left the rack leaves a gap, and a
// block with too many gaps is taken apart.
//
// A block is a number of texts, each behind its length. Its string is all that a reader needs, so what else there is to know of a
// block lies elsewhere, and the strings of a million sessions fit into the cache of a processor.
type rack struct {
	young  []text
	size   int      // of the young, in bytes
	blocks []string // the first is never used: its number stands for the young
	gaps   []int32  // of each block: the bytes of texts that have left it, with their lengths
	free   []int    // numbers of blocks to be used again
}

// A place is where a text hangs: the number of a block and the byte at which it begins there, or 0 and its number among the
// young.
type place uint32

const (
	placeBits = 16
	blockSize = 1 << placeBits
	maxBlocks = 1 << (32 - placeBits) // 4 GB in one shard; a text that is larger than a block has one by itself
)

var errFull = errors.New("memory: the store is full, it has as many sessions as it can tell apart")

func placeOf(block, at int) place { return place(block<<placeBits | at) }

func (p place) block() int { return int(p >> placeBits) }
func (p place) at() int    { return int(p & (blockSize - 1)) }

// text returns what hangs at a place.
func (r *rack) text(p place) text {
	if p.block() == 0 {
		return r.young[p.at()]
	}
	t, _ := cutText(r.blocks[p.block()][p.at():])
	return t
}

// cutText splits the first text off those of a block.
func cutText(texts string) (t text, rest string) {
	n, s := cutUvarint(texts)
	return text(s[:n]), s[n:]
}

func appendText(b []byte, t text) []byte {
	return append(binary.AppendUvarint(b, uint64(len(t))), t...)
}

// textLen returns how much appendText appends.
func textLen(t text) int { return (bits.Len(uint(len(t)))+6)/7 + len(t) }

// hang takes a text, and returns where it hangs.
func (r *rack) hang(t text) place {
	r.young = append(r.young, t)
	r.size += len(t)
	return placeOf(0, len(r.young)-1)
}

// crowded reports whether the young are to be joined.
func (r *rack) crowded() bool { return r.size >= blockSize }

// full reports whether there may be no numbers left for the blocks that one more text can make necessary.
func (r *rack) full() bool { return len(r.blocks)-len(r.free) > maxBlocks-8 }

// takeYoung takes a young text off. The last one gets its place: moved is the text that hung at from.
func (r *rack) takeYoung(p place) (moved text, from place) {
	last := len(r.young) - 1
	moved, from = r.young[last], placeOf(0, last)
	r.size -= len(r.young[p.at()])
	r.young[p.at()], r.young[last] = moved, ""
	r.young = r.young[:last]
	return moved, from
}

// takeOld leaves a gap where a text hung in a block, and reports whether the block is to be taken apart: when a third of it
// is gaps, it costs a reader nothing and the memory too much.
func (r *rack) takeOld(p place) (apart bool) {
	b := r.blocks[p.block()]
	here := b[p.at():]
	_, rest := cutText(here)
	gaps := &r.gaps[p.block()]
	*gaps += int32(len(here) - len(rest))
	return 3*int(*gaps) > len(b)
}

// takeApart empties a block and yields what hung in it, gaps included, with the places where it did.
func (r *rack) takeApart(n int, yield func(t text, from place)) {
	all := r.blocks[n]
	r.blocks[n], r.gaps[n] = "", 0
	r.free = append(r.free, n)
	for rest := all; rest != ""; {
		from := placeOf(n, len(all)-len(rest))
		var t text
		t, rest = cutText(rest)
		yield(t, from)
	}
}

// join makes a block of those who have been young longest, as many as fit, and yields each text that has moved with the place
// where it was.
func (r *rack) join(moved func(t text, from, to place)) {
	size, count := 0, 0
	for _, t := range r.young {
		if count > 0 && size+textLen(t) > blockSize {
			break
		}
		size += textLen(t)
		count++
	}
	n := r.number()
	b := make([]byte, 0, size)
	for i, t := range r.young[:count] {
		moved(t, placeOf(0, i), placeOf(n, len(b)))
		b = appendText(b, t)
		r.size -= len(t)
	}
	r.blocks[n] = string(b)
	rest := append([]text(nil), r.young[count:]...)
	for i, t := range rest {
		moved(t, placeOf(0, count+i), placeOf(0, i))
	}
	r.young = rest
}

// number returns the number of a block to be filled.
func (r *rack) number() (n int) {
	if last := len(r.free) - 1; last >= 0 {
		n, r.free = r.free[last], r.free[:last]
		return n
	}
	if len(r.blocks) == 0 {
		r.blocks, r.gaps = make([]string, 1), make([]int32, 1)
	}
	r.blocks, r.gaps = append(r.blocks, ""), append(r.gaps, 0)
	return len(r.blocks) - 1
}
