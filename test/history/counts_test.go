package history

import (
	"sync"
	"testing"

	"github.com/anishathalye/porcupine"

	"coatcheck.dev/event"
)

// counts are what the histories of a run were made of: one that never had two requests meet would prove nothing.
type counts struct {
	histories int
	ops       map[kind]int
	let, not  int // requests with a ticket that were let in, and that were not

	mu   sync.Mutex
	told map[event.Kind]int
}

func (c *counts) observe(e event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told == nil {
		c.told = make(map[event.Kind]int)
	}
	c.told[e.Kind]++
}

func (c *counts) add(history []porcupine.Operation) {
	if c.ops == nil {
		c.ops = make(map[kind]int)
	}
	c.histories++
	for _, op := range history {
		in, out := op.Input.(input), op.Output.(output)
		c.ops[in.kind]++
		switch {
		case in.handle == 0:
		case out.ok:
			c.let++
		default:
			c.not++
		}
	}
}

// check reports what the histories lacked. It is called after the managers were closed, so that all was told.
func (c *counts) check(t *testing.T) {
	t.Helper()
	n := 0
	for _, w := range append(weights, struct {
		kind  kind
		share int
	}{expire, 0}) {
		if c.ops[w.kind] == 0 {
			t.Errorf("no history has a %s", w.kind)
		}
		n += c.ops[w.kind]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, kind := range []event.Kind{event.Rotated, event.Conflict, event.Dropped} {
		if c.told[kind] == 0 {
			t.Errorf("nothing was told of %s", kind)
		}
	}
	if c.told[event.Theft] != 0 {
		t.Errorf("%d clients were taken for thieves", c.told[event.Theft])
	}
	t.Logf("%d histories, %d operations, %d let in, %d not; %d rotations, %d conflicts, %d late changes dropped",
		c.histories, n, c.let, c.not,
		c.told[event.Rotated], c.told[event.Conflict], c.told[event.Dropped])
}
