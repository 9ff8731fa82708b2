package memory

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// An arena keeps the encoded records of one shard. A record is pending at first, in a string of its own. When enough
// are pending they are joined into one block. So a million sessions are ten thousand objects to the garbage collector,
// and the index has no pointers for it to follow.
//
// A block never changes. A removed record leaves a gap, and a block with too many gaps is taken apart. A block is a
// sequence of records, each behind its length. Everything else about a block is kept elsewhere, so the headers of all
// blocks of a million sessions fit into a processor's cache.
type arena struct {
	pending []encoded
	size    int      // of the pending ones, in bytes
	blocks  []string // the first is never used: its number stands for the pending ones
	gaps    []int32  // of each block: the bytes of removed records, with their lengths
	free    []int    // numbers of blocks to be used again
}

// A place is the position of a record in an arena: the number of its block and of its first byte there, or 0 and
// its number among the pending ones.
type place uint32

const (
	placeBits = 16
	blockSize = 1 << placeBits
	maxBlocks = 1 << (32 - placeBits) // 4 GB in one shard; a record larger than a block has one by itself
)

var errFull = errors.New("memory: the store is full, it has as many sessions as it can tell apart")

func placeOf(block, at int) place { return place(block<<placeBits | at) }

func (p place) block() int { return int(p >> placeBits) }
func (p place) at() int    { return int(p & (blockSize - 1)) }

func (a *arena) get(p place) encoded {
	if p.block() == 0 {
		return a.pending[p.at()]
	}
	e, _ := cutEncoded(a.blocks[p.block()][p.at():])
	return e
}

// cutEncoded splits the first record off those of a block.
func cutEncoded(records string) (e encoded, rest string) {
	n, s := cutUvarint(records)
	return encoded(s[:n]), s[n:]
}

func appendEncoded(b []byte, e encoded) []byte {
	return append(binary.AppendUvarint(b, uint64(len(e))), e...)
}

// lenInBlock returns how much appendEncoded appends.
func lenInBlock(e encoded) int { return (bits.Len(uint(len(e)))+6)/7 + len(e) }

// append adds a record, and returns its place.
func (a *arena) append(e encoded) place {
	a.pending = append(a.pending, e)
	a.size += len(e)
	return placeOf(0, len(a.pending)-1)
}

// overflows reports whether the pending records are to be joined.
func (a *arena) overflows() bool { return a.size >= blockSize }

// full reports whether numbers for more blocks may run out with one more record.
func (a *arena) full() bool { return len(a.blocks)-len(a.free) > maxBlocks-8 }

// removePending removes a pending record. The last one gets its place: moved is the last one, from its place before.
func (a *arena) removePending(p place) (moved encoded, from place) {
	last := len(a.pending) - 1
	moved, from = a.pending[last], placeOf(0, last)
	a.size -= len(a.pending[p.at()])
	a.pending[p.at()], a.pending[last] = moved, ""
	a.pending = a.pending[:last]
	return moved, from
}

// leaveGap removes a record from its block, and reports whether the block is to be taken apart: when a third of it is
// gaps, it costs too much memory.
func (a *arena) leaveGap(p place) (apart bool) {
	b := a.blocks[p.block()]
	here := b[p.at():]
	_, rest := cutEncoded(here)
	gaps := &a.gaps[p.block()]
	*gaps += int32(len(here) - len(rest))
	return 3*int(*gaps) > len(b)
}

// takeApart empties a block and yields its records, gaps included, each with its place.
func (a *arena) takeApart(n int, yield func(e encoded, from place)) {
	all := a.blocks[n]
	a.blocks[n], a.gaps[n] = "", 0
	a.free = append(a.free, n)
	for rest := all; rest != ""; {
		from := placeOf(n, len(all)-len(rest))
		var e encoded
		e, rest = cutEncoded(rest)
		yield(e, from)
	}
}

// join makes a block of the longest pending records, as many as fit. It yields each moved record.
func (a *arena) join(moved func(e encoded, from, to place)) {
	size, count := 0, 0
	for _, e := range a.pending {
		if count > 0 && size+lenInBlock(e) > blockSize {
			break
		}
		size += lenInBlock(e)
		count++
	}
	n := a.number()
	b := make([]byte, 0, size)
	for i, e := range a.pending[:count] {
		moved(e, placeOf(0, i), placeOf(n, len(b)))
		b = appendEncoded(b, e)
		a.size -= len(e)
	}
	a.blocks[n] = string(b)
	rest := append([]encoded(nil), a.pending[count:]...)
	for i, e := range rest {
		moved(e, placeOf(0, count+i), placeOf(0, i))
	}
	a.pending = rest
}

// number returns the number of a block to be filled.
func (a *arena) number() (n int) {
	if last := len(a.free) - 1; last >= 0 {
		n, a.free = a.free[last], a.free[:last]
		return n
	}
	if len(a.blocks) == 0 {
		a.blocks, a.gaps = make([]string, 1), make([]int32, 1)
	}
	a.blocks, a.gaps = append(a.blocks, ""), append(a.gaps, 0)
	return len(a.blocks) - 1
}
