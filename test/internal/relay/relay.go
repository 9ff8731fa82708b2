// Package relay passes TCP connections on to a server, and does to them what networks do.
//
//	r := relay.Start(t, server.Addr)
//	connect(r.Addr)
//	r.Silence() // packets get lost: nobody hears of it
//	r.Heal()    // what was sent meanwhile arrives after all, as TCP sends it again
package relay

import (
	"net"
	"sync"
	"testing"
)

// A Relay listens on loopback until its test ends.
type Relay struct {
	Addr string

	target string
	mu     sync.Mutex
	flows  sync.Cond // of mu
	silent bool
	cut    bool
	conns  map[net.Conn]bool
}

// Start starts a relay to an address.
func Start(t testing.TB, target string) *Relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{Addr: l.Addr().String(), target: target, conns: make(map[net.Conn]bool)}
	r.flows.L = &r.mu
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

// Cut breaks all connections, which both ends see, and new ones at once.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut, r.silent = true, false
	for c := range r.conns {
		c.Close()
	}
	r.flows.Broadcast()
}

// Silence holds back what is sent from now on, on all connections and on new ones.
func (r *Relay) Silence() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent = true
}

// Heal undoes both. What was held back goes on its way.
func (r *Relay) Heal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut, r.silent = false, false
	r.flows.Broadcast()
}

func (r *Relay) serve(client net.Conn) {
	defer r.drop(client)
	server, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer r.drop(server)
	if !r.keep(client, server) {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.pass(server, client)
		server.Close()
	}()
	r.pass(client, server)
	client.Close()
	<-done
}

// keep reports whether connections may be.
func (r *Relay) keep(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		r.conns[c] = true
	}
	return !r.cut
}

func (r *Relay) drop(c net.Conn) {
	c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

// pass passes on what comes until either end closes.
func (r *Relay) pass(to, from net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		r.wait()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// wait waits for the end of a silence.
func (r *Relay) wait() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.silent && !r.cut {
		r.flows.Wait()
	}
}
