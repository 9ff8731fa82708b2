// Package relay passes TCP connections on to a server, and does to them what networks do.
//
//	r := relay.Start(t, server.Addr)
//	db, err := sql.Open("pgx", "postgres://postgres@"+r.Addr+"/test")
//	r.Delay(100 * time.Millisecond) // each way
//	r.Silence()                     // packets get lost: nobody hears of it
//	r.Cut()                         // both ends hear of it
//	r.Lead(other.Addr)              // new connections go elsewhere, as after a failover by hand
//	r.Heal()                        // what was delayed or held back arrives after all, as TCP sends it again
//
// One thing happens at a time: each of these takes the place of the one before.
package relay

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"
)

// A Relay listens on loopback until its test ends.
type Relay struct {
	Addr string

	mu     sync.Mutex
	target string
	now    condition
	conns  map[net.Conn]bool
}

// A condition is what happens to connections. Of the zero value, nothing does.
type condition struct {
	delay   time.Duration
	silent  bool
	cut     bool
	changed chan struct{} // closed when another one takes its place
}

// Start starts a relay to an address.
func Start(t testing.TB, target string) *Relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{
		Addr: l.Addr().String(), target: target,
		now: condition{changed: make(chan struct{})}, conns: make(map[net.Conn]bool),
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { r.serve(client) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		r.Cut()
		running.Wait()
	})
	return r
}

// Lead has new connections go to another server. Those that there are stay.
func (r *Relay) Lead(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = target
}

// Delay has all that is under way, or is sent from now on, take so long in each direction.
func (r *Relay) Delay(d time.Duration) { r.become(condition{delay: d}) }

// Silence holds back what is under way or is sent from now on, on all connections and on new ones.
func (r *Relay) Silence() { r.become(condition{silent: true}) }

// Cut breaks all connections, which both ends see, and new ones at once.
func (r *Relay) Cut() { r.become(condition{cut: true}) }

// Heal undoes all of this. What was held back goes on its way.
func (r *Relay) Heal() { r.become(condition{}) }

func (r *Relay) become(s condition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.now.changed)
	s.changed = make(chan struct{})
	r.now = s
	if s.cut {
		for c := range r.conns {
			c.Close()
		}
	}
}

func (r *Relay) serve(client net.Conn) {
	defer r.drop(client)
	r.mu.Lock()
	target := r.target
	r.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer r.drop(server)
	if !r.keep(client, server) {
		return
	}
	var asking sync.WaitGroup
	asking.Go(func() { r.pass(server, client) })
	r.pass(client, server)
	asking.Wait()
}

// keep reports whether connections may be.
func (r *Relay) keep(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		r.conns[c] = true
	}
	return !r.now.cut
}

func (r *Relay) drop(c net.Conn) {
	c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

// A chunk is some bytes on their way, or, without any, the end.
type chunk struct {
	bytes []byte
	sent  time.Time
}

// pass passes on what comes, in its order and when it is due, until either end closes. Then it closes the other one.
func (r *Relay) pass(to, from net.Conn) {
	line := make(chan chunk, 4096)
	go collect(line, from)
	for p := range line {
		r.await(p.sent)
		if _, err := to.Write(p.bytes); err != nil || len(p.bytes) == 0 {
			break
		}
	}
	to.Close()
	from.Close()
	for range line { // until nobody collects any more
	}
}

func collect(line chan<- chunk, from net.Conn) {
	defer close(line)
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			line <- chunk{bytes.Clone(buf[:n]), time.Now()}
		}
		if err != nil {
			line <- chunk{sent: time.Now()}
			return
		}
	}
}

// await waits until what was sent at a time is due.
func (r *Relay) await(sent time.Time) {
	for {
		r.mu.Lock()
		now := r.now
		r.mu.Unlock()
		var due <-chan time.Time // never, in silence
		if left := time.Until(sent.Add(now.delay)); now.cut || !now.silent && left <= 0 {
			return
		} else if !now.silent {
			due = time.After(left)
		}
		select {
		case <-due:
		case <-now.changed:
		}
	}
}
