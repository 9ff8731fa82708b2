package history

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// kind is what a client asks for.
type kind string

const (
	visit      kind = "visit"        // a new visitor stores something
	signIn     kind = "sign-in"      // a visitor without a session signs in
	signInOver kind = "sign-in over" // a visitor with a session signs in
	stepUp     kind = "step-up"
	get        kind = "get"
	set        kind = "set"
	add        kind = "add"
	rotate     kind = "rotate" // a request that comes when a new secret is due, and one that shows it; each is a read
	signOut    kind = "sign-out"
	revoke     kind = "revoke"
	revokeUser kind = "revoke user"
	count      kind = "count"
	expire     kind = "expire"
)

// A line is what becomes of one sign-in or first visit: one session after the other, as each step-up makes a new one.
// What is done to one user's sessions is one partition of a history, with lines 0 to lines-1.
const lines = 8

// input is what was asked. A handle is the number of a session within the history; 0 is none.
type input struct {
	kind   kind
	user   int
	line   int // of the session that the request is for, or of the one that it makes
	to     int // for sign-in over: the line of the new session
	handle int // the session whose ticket was shown; for revoke user, the one that is kept
	key    int // 0 is carried over at sign-in, 1 is not
	value  int
}

// output is what was answered.
type output struct {
	ok     bool // there was a session
	handle int  // of the session that was made
	values values
	n      int
}

type values [2]int

// stored is what the store should have of a line. Its time may be over before it is swept: then nobody is let in with
// it, but it counts.
type stored struct {
	handle int
	there  bool // in the store
	over   bool // its time
	moved  bool // it was replaced by one of another line
	to     int  // that line
	named  bool // a user's, not an unknown visitor's
	values values
}

// state is that of one user's sessions.
type state [lines]stored

// valid reports whether a ticket of the handle is good.
func (s *stored) valid(handle int) bool { return s.there && !s.over && s.handle == handle }

func (s *state) count(keep int) (n int) {
	for _, x := range s {
		if x.there && x.named && x.handle != keep {
			n++
		}
	}
	return n
}

// step says what each kind has to answer in a state, and which state it leaves. It is the specification.
func step(now state, in input, out output) (bool, state) {
	s := &now[in.line]
	valid := s.valid(in.handle)
	switch in.kind {
	case visit:
		*s = stored{handle: out.handle, there: true, values: values{in.value, in.value}}
		return true, now
	case signIn:
		*s = stored{handle: out.handle, there: true, named: true}
		return true, now
	case signInOver:
		made := stored{handle: out.handle, there: true, named: true}
		switch {
		case valid && s.named:
			made.values = s.values
		case valid:
			made.values[0] = s.values[0]
		case s.moved || s.handle != in.handle:
			// Another request has replaced the session. The new one may begin with what that one had a moment before,
			// or with nothing, as nodes know only for a while, and not of each other, what has taken the place of what.
			made.values = out.values
		}
		if valid {
			s.there, s.moved, s.to = false, true, in.to
		}
		now[in.to] = made
		return out.values == made.values, now
	case stepUp:
		valid = valid && s.named
		if valid {
			s.handle = out.handle
		}
		return out.ok == valid, now
	case get, rotate:
		return out.ok == valid && (!valid || out.values == s.values), now
	case set:
		if valid {
			s.values[in.key] = in.value
		}
		return out.ok == valid && (!valid || out.values == s.values), now
	case add:
		if valid {
			s.values[in.key]++
		}
		return out.ok == valid && (!valid || out.values == s.values), now
	case signOut:
		// Whoever is let in ends the session of the handle, if it still is. See also steps.
		if out.ok && s.handle == in.handle {
			s.there = false
		}
		return out.ok || !valid, now
	case revoke:
		there := s.there && s.handle == in.handle
		if there {
			s.there = false
		}
		return out.ok == there, now
	case revokeUser:
		n := now.count(in.handle)
		for i := range now {
			if now[i].named && now[i].handle != in.handle {
				now[i].there = false
			}
		}
		return out.n == n, now
	case count:
		return out.n == now.count(0), now
	case expire:
		s.over = true
		return true, now
	}
	panic("no such kind: " + in.kind)
}

// steps returns the states that a step may leave, none if its answer is wrong. There are two where a sign-out finds
// that another request has put a session in the place of its own: it ends that one as well, if its node has heard of
// it.
func steps(now state, in input, out output) []any {
	ok, next := step(now, in, out)
	if !ok {
		return nil
	}
	states := []any{next}
	if in.kind == signOut && out.ok {
		if line, replaced := now.replacement(in.line, in.handle); replaced {
			next[line].there = false
			states = append(states, next)
		}
	}
	return states
}

// replacement returns the line of the session that stands in the place of one of a user's.
func (s *state) replacement(line, handle int) (int, bool) {
	if !s[line].named || s[line].handle == handle && !s[line].moved {
		return 0, false
	}
	for range lines {
		if !s[line].moved {
			break
		}
		line = s[line].to
	}
	return line, s[line].there
}

// model is the specification in porcupine's words.
var model = (&porcupine.NondeterministicModel{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		var byUser [users][]porcupine.Operation
		for _, op := range history {
			u := op.Input.(input).user
			byUser[u] = append(byUser[u], op)
		}
		return byUser[:]
	},
	Init:              func() []any { return []any{state{}} },
	Step:              func(now, in, out any) []any { return steps(now.(state), in.(input), out.(output)) },
	DescribeOperation: func(in, out any) string { return describe(in.(input), out.(output)) },
	DescribeState:     func(now any) string { return fmt.Sprintf("%+v", now.(state)) },
}).ToModel()

func describe(in input, out output) string {
	switch in.kind {
	case visit, signIn:
		return fmt.Sprintf("%s -> #%d", in.kind, out.handle)
	case signInOver:
		return fmt.Sprintf("%s #%d -> #%d %v", in.kind, in.handle, out.handle, out.values)
	case stepUp:
		return fmt.Sprintf("%s #%d -> %t #%d", in.kind, in.handle, out.ok, out.handle)
	case set:
		return fmt.Sprintf("set #%d [%d]=%d -> %t %v", in.handle, in.key, in.value, out.ok, out.values)
	case add:
		return fmt.Sprintf("add #%d [%d] -> %t %v", in.handle, in.key, out.ok, out.values)
	case revokeUser, count:
		return fmt.Sprintf("%s but #%d -> %d", in.kind, in.handle, out.n)
	case expire:
		return fmt.Sprintf("expire line %d", in.line)
	}
	return fmt.Sprintf("%s #%d -> %t %v", in.kind, in.handle, out.ok, out.values)
}
