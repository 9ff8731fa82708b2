package memory

import (
	"strings"
	"sync"
	"sync/atomic"
)

// agents keeps each User-Agent once and gives it a number: millions of browsers have a few thousand of them. A number is
// used again when no session has it any more.
type agents struct {
	mu      sync.Mutex
	numbers map[string]uint32
	uses    []int // by number
	free    []uint32
	texts   atomic.Pointer[[]string] // by number; the texts of free numbers change, the others stay
}

// take returns the number of a text, which the caller has to drop again. 0 is the empty text.
func (a *agents) take(agent string) uint32 {
	if agent == "" {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	n, ok := a.numbers[agent]
	if !ok {
		n = a.add(strings.Clone(agent)) // it is part of a request, which is not to be kept
	}
	a.uses[n]++
	return n
}

func (a *agents) add(agent string) (n uint32) {
	if a.numbers == nil {
		a.numbers, a.uses = make(map[string]uint32), make([]int, 1)
		a.texts.Store(&[]string{""})
	}
	texts := *a.texts.Load()
	if last := len(a.free) - 1; last >= 0 {
		n, a.free = a.free[last], a.free[:last]
		texts[n] = agent
	} else {
		n = uint32(len(texts))
		texts = append(texts, agent)
		a.texts.Store(&texts)
		a.uses = append(a.uses, 0)
	}
	a.numbers[agent] = n
	return n
}

// change drops a number and takes that of a text, which mostly is the same.
func (a *agents) change(n uint32, agent string) uint32 {
	if a.text(n) == agent {
		return n
	}
	next := a.take(agent)
	a.drop(n)
	return next
}

func (a *agents) drop(n uint32) {
	if n == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.uses[n]--; a.uses[n] > 0 {
		return
	}
	texts := *a.texts.Load()
	delete(a.numbers, texts[n])
	texts[n] = ""
	a.free = append(a.free, n)
}

// text returns the text of a number. The caller holds the lock of the shard whose session has it, so that it is in use.
func (a *agents) text(n uint32) string {
	if n == 0 {
		return ""
	}
	return (*a.texts.Load())[n]
}
