package memory

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// A number stands for its User-Agent as long as anybody has it, and what nobody has is forgotten.
func TestAgents(t *testing.T) {
	var a agents
	a.drop(a.take("first"))
	held := make(map[uint32]string) // by number
	uses := make(map[uint32]int)
	for step := range 10_000 {
		if agent := fmt.Sprint(rand.IntN(40)); rand.IntN(2) == 0 {
			n := a.take(agent)
			if before, ok := held[n]; ok && before != agent {
				t.Fatalf("step %d: %q and %q have one number", step, before, agent)
			}
			held[n] = agent
			uses[n]++
		} else {
			for n := range held {
				a.drop(n)
				if uses[n]--; uses[n] == 0 {
					delete(held, n)
				}
				break
			}
		}
		for n, agent := range held {
			if got := a.get(n); got != agent {
				t.Fatalf("step %d: number %d is %q, want %q", step, n, got, agent)
			}
		}
		if len(a.numbers) != len(held) || len(*a.names.Load()) > 41 {
			t.Fatalf("step %d: %d numbers of %d names, want %d", step, len(a.numbers), len(*a.names.Load()), len(held))
		}
	}
}

func TestEmptyAgentIsZero(t *testing.T) {
	var a agents
	a.drop(a.take(""))
	if n := a.change(a.take("x"), ""); n != 0 || a.get(0) != "" || len(a.numbers) != 0 {
		t.Errorf("number %d, name %q, %d kept", n, a.get(0), len(a.numbers))
	}
}
