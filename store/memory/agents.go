package memory

import (
	"strings"
	"sync"
	"sync/atomic"
)

// agents keeps each User-Agent once and gives it a number: millions of browsers have a few thousand of them. When no
// session has a number any more, it is used again.
type agents struct {
	mu      sync.Mutex
	numbers map[string]uint32
	uses    []int // by number
	free    []uint32
	names   atomic.Pointer[[]string] // by number; those of free numbers change, the others stay
}

// take returns the number of a User-Agent. The caller has to drop it again. 0 is the empty one.
func (a *agents) take(agent string) uint32 {
	if agent == "" {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	n, ok := a.numbers[agent]
	if !ok {
		n = a.add(strings.Clone(agent)) // it is part of a request, and a request must not be kept
	}
	a.uses[n]++
	return n
}

func (a *agents) add(agent string) (n uint32) {
	if a.numbers == nil {
		a.numbers, a.uses = make(map[string]uint32), make([]int, 1)
		a.names.Store(&[]string{""})
	}
	names := *a.names.Load()
	if last := len(a.free) - 1; last >= 0 {
		n, a.free = a.free[last], a.free[:last]
		names[n] = agent
	} else {
		n = uint32(len(names))
		names = append(names, agent)
		a.names.Store(&names)
		a.uses = append(a.uses, 0)
	}
	a.numbers[agent] = n
	return n
}

// change drops a number and takes that of a User-Agent, mostly the same one.
func (a *agents) change(n uint32, agent string) uint32 {
	if a.get(n) == agent {
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
	names := *a.names.Load()
	delete(a.numbers, names[n])
	names[n] = ""
	a.free = append(a.free, n)
}

// get returns the User-Agent of a number. The caller holds the lock of a shard with a session of this number, so it is
// in use.
func (a *agents) get(n uint32) string {
	if n == 0 {
		return ""
	}
	return (*a.names.Load())[n]
}
