package history

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

const (
	users    = 2
	clients  = 8
	ops      = 9 // of each client, before the sessions expire and after
	lifetime = time.Hour
	tick     = 500 * time.Millisecond // clients meet at multiples of it
)

var keys = [2]session.Key[int]{session.NewKey[int]("a", session.Carry), session.NewKey[int]("b")}

// A world is what the clients of one history share: the site, the tickets they know, and what has happened.
type world struct {
	t     testing.TB
	nodes []*session.Manager
	names [users]string
	began time.Time
	clock atomic.Int64 // orders calls and returns

	mu      sync.Mutex
	ops     []porcupine.Operation
	numbers map[store.ID]int
	known   [users][]*known // the sessions of each user, the newest last
	taken   [users]int      // how many lines
}

// known is a session that clients have heard of. Its ticket is what a browser would have.
type known struct {
	line   int
	number int
	handle store.ID
	ticket string
}

func newWorld(t testing.TB, nodes []*session.Manager, seed uint64) *world {
	w := &world{t: t, nodes: nodes, began: time.Now(), numbers: make(map[store.ID]int)}
	for u := range w.names {
		w.names[u] = fmt.Sprintf("user %d of %d", u, seed)
	}
	return w
}

// record runs an operation and notes when it was called and when it returned.
func (w *world) record(client int, in input, do func() output) {
	call := w.clock.Add(1)
	out := do()
	w.note(client, in, call, out, w.clock.Add(1))
}

func (w *world) note(client int, in input, call int64, out output, back int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ops = append(w.ops, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: back})
}

// line returns a line of the user's that nobody has used, or false if there is none. Half of them are kept for after
// noon.
func (w *world) line(user int) (int, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.taken[user] == lines || w.taken[user] == lines/2 && time.Now().Before(w.noon().Add(lifetime)) {
		return 0, false
	}
	w.taken[user]++
	return w.taken[user] - 1, true
}

// pick returns a copy of what is known of a session: most often of a new one, sometimes of one that has long ended.
func (w *world) pick(user int, rng *rand.Rand) (known, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.known[user]
	if len(all) == 0 {
		return known{}, false
	}
	return *all[max(rng.IntN(len(all)), rng.IntN(len(all)), rng.IntN(len(all)))], true
}

// learn notes a session that a client has made, and returns its number.
func (w *world) learn(user, line int, handle store.ID, ticket string) int {
	if handle.IsZero() {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.numbers) + 1
	w.numbers[handle] = n
	w.known[user] = append(w.known[user], &known{line, n, handle, ticket})
	return n
}

// renew notes the ticket that rotation has given to a session.
func (w *world) renew(ticket string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, all := range w.known {
		for _, k := range all {
			if ticket[:1+store.IDLen] == k.ticket[:1+store.IDLen] {
				k.ticket = ticket
			}
		}
	}
}

// request has fn handled behind a node, with a ticket, and returns the one that the response sets.
func (w *world) request(node *session.Manager, ticket string, fn func(*session.Session)) (set string) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if ticket != "" {
		r.Header["Cookie"] = []string{"__Host-session=" + ticket}
	}
	rec := httptest.NewRecorder()
	node.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fn(session.From(r.Context()))
	})).ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		w.t.Errorf("status %d", rec.Code)
	}
	for _, line := range rec.Header()["Set-Cookie"] {
		pair, rest, _ := strings.Cut(line, ";")
		if !strings.Contains(rest, "Max-Age=0") {
			_, set, _ = strings.Cut(pair, "=")
		}
	}
	if ticket != "" && len(set) > store.IDLen && set[:1+store.IDLen] == ticket[:1+store.IDLen] {
		w.renew(set)
	}
	return set
}

// A client asks one thing after the other, of any node.
type client struct {
	*world
	id  int
	rng *rand.Rand
}

func (c *client) node() *session.Manager { return c.nodes[c.rng.IntN(len(c.nodes))] }

// weights say how often each kind is asked for, of 100.
var weights = []struct {
	kind  kind
	share int
}{
	{get, 24}, {set, 16}, {add, 18}, {rotate, 6}, {stepUp, 7}, {signIn, 8}, {visit, 5}, {signInOver, 5}, {signOut, 4},
	{revoke, 3},
	{revokeUser, 2}, {count, 2},
}

func (c *client) kind() kind {
	n := c.rng.IntN(100)
	for _, w := range weights {
		if n -= w.share; n < 0 {
			return w.kind
		}
	}
	panic("the weights are less than 100")
}

// act does one thing. slow is how long the handler takes in the middle, if there is one.
func (c *client) act(slow time.Duration) {
	in := input{kind: c.kind(), user: c.rng.IntN(users), key: c.rng.IntN(2), value: 100 + c.rng.IntN(900)*100}
	node := c.node()
	k, any := c.pick(in.user, c.rng)
	if !any {
		in.kind = signIn
	}
	switch in.kind {
	case visit, signIn:
		c.begin(node, in)
	case revokeUser, count:
		c.administer(node, in, k)
	case revoke:
		in.line, in.handle = k.line, k.number
		c.record(c.id, in, func() output {
			ok, err := node.Revoke(context.Background(), k.handle)
			c.must(err)
			return output{ok: ok}
		})
	case rotate:
		time.Sleep(rotateEvery)
		for range 2 { // offered, and shown
			if k, any = c.pick(in.user, c.rng); any {
				c.use(node, in, k, slow)
			}
			slow = 0
		}
	case signInOver:
		c.signInOver(node, in, k, slow)
	default:
		c.use(node, in, k, slow)
	}
}

func (c *client) must(err error) {
	if err != nil {
		c.t.Errorf("client %d: %v", c.id, err)
	}
}

// begin makes a first session of a line.
func (c *client) begin(node *session.Manager, in input) {
	line, ok := c.line(in.user)
	if !ok {
		return
	}
	in.line = line
	c.record(c.id, in, func() output {
		var handle store.ID
		ticket := c.request(node, "", func(s *session.Session) {
			if in.kind == signIn {
				c.must(s.SignIn(c.names[in.user]))
			} else {
				c.must(keys[0].Set(s, in.value))
				c.must(keys[1].Set(s, in.value))
				c.must(s.Save())
			}
			handle = s.Handle()
		})
		return output{handle: c.learn(in.user, line, handle, ticket)}
	})
}

func (c *client) administer(node *session.Manager, in input, k known) {
	if in.kind == revokeUser && c.rng.IntN(2) == 0 {
		in.handle = k.number
	}
	c.record(c.id, in, func() (out output) {
		var err error
		switch {
		case in.kind == count:
			out.n, err = node.Count(context.Background(), c.names[in.user])
		case in.handle != 0:
			out.n, err = node.RevokeUser(context.Background(), c.names[in.user], k.handle)
		default:
			out.n, err = node.RevokeUser(context.Background(), c.names[in.user])
		}
		c.must(err)
		return out
	})
}

// signInOver signs in with a ticket of a session that may have ended.
func (c *client) signInOver(node *session.Manager, in input, k known, slow time.Duration) {
	to, ok := c.line(in.user)
	if !ok {
		return
	}
	in.line, in.handle, in.to = k.line, k.number, to
	c.record(c.id, in, func() (out output) {
		var handle store.ID
		ticket := c.request(node, k.ticket, func(s *session.Session) {
			time.Sleep(slow)
			c.must(s.SignIn(c.names[in.user]))
			handle, out.values = s.Handle(), valuesOf(s)
		})
		out.handle = c.learn(in.user, to, handle, ticket)
		return out
	})
}

// use makes a request with the ticket of a session.
func (c *client) use(node *session.Manager, in input, k known, slow time.Duration) {
	in.line, in.handle = k.line, k.number
	c.record(c.id, in, func() (out output) {
		var made store.ID
		ticket := c.request(node, k.ticket, func(s *session.Session) {
			if s.Handle().IsZero() {
				return
			}
			out.values = valuesOf(s)
			if in.kind == get || in.kind == rotate {
				out.ok = true
				time.Sleep(slow)
				return
			}
			time.Sleep(slow)
			made = c.change(s, in, &out)
		})
		out.handle = c.learn(in.user, k.line, made, ticket)
		return out
	})
}

// change does what the request is for, and returns the handle of a session that it makes.
func (c *client) change(s *session.Session, in input, out *output) (made store.ID) {
	switch in.kind {
	case stepUp:
		switch err := s.StepUp(); {
		case err == nil:
			out.ok = true
			return s.Handle()
		case !errors.Is(err, session.ErrEnded):
			c.must(err)
		}
		return store.ID{}
	case signOut:
		out.ok = true // at the beginning
		c.must(s.SignOut())
		return store.ID{}
	case set:
		c.must(keys[in.key].Set(s, in.value))
	case add:
		c.must(keys[in.key].Update(s, func(n int) int { return n + 1 }))
	}
	c.must(s.Save())
	out.ok, out.values = !s.Handle().IsZero(), valuesOf(s)
	return store.ID{}
}

func valuesOf(s *session.Session) values { return values{keys[0].Get(s), keys[1].Get(s)} }
