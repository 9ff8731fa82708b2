// Package cable puts a network between a program and the real server that it talks to: one that can be slow, lead nowhere, or
// be cut, and is mended again.
//
//	c := cable.Lay(t, server.Addr)
//	db, err := sql.Open("pgx", "postgres://postgres@"+c.Addr+"/test")
//	c.Delay(200 * time.Millisecond) // each way
//	c.Swallow()                     // nothing arrives any more, and nobody is told
//	c.Cut()                         // connections end, and new ones are refused
//	c.Mend()
package cable

import (
	"net"
	"sync"
	"testing"
	"time"
)

// A Cable leads from its own address to that of a server.
type Cable struct {
	Addr string

	to string
	t  testing.TB

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	delay    time.Duration
	swallow  bool
	ended    bool
}

// Lay lays a cable, until the test ends.
func Lay(t testing.TB, to string) *Cable {
	t.Helper()
	c := &Cable{to: to, t: t, conns: make(map[net.Conn]bool)}
	c.listen("127.0.0.1:0")
	c.Addr = c.listener.Addr().String()
	t.Cleanup(func() {
		c.mu.Lock()
		c.ended = true
		c.mu.Unlock()
		c.Cut()
	})
	return c
}

func (c *Cable) listen(addr string) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		c.t.Fatalf("lay a cable: %v", err)
	}
	c.listener = l
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go c.connect(near)
		}
	}()
}

func (c *Cable) connect(near net.Conn) {
	far, err := net.Dial("tcp", c.to)
	if err != nil {
		near.Close()
		return
	}
	c.mu.Lock()
	c.conns[near], c.conns[far] = true, true
	c.mu.Unlock()
	go c.carry(near, far)
	c.carry(far, near)
}

// A parcel is some bytes on their way.
type parcel struct {
	bytes []byte
	due   time.Time
}

// carry carries what comes, in its order, until one of the ends is closed.
func (c *Cable) carry(from, to net.Conn) {
	line := make(chan parcel, 4096)
	defer close(line)
	go func() {
		defer c.hang(from, to)
		for p := range line {
			time.Sleep(time.Until(p.due))
			if c.swallows() {
				continue
			}
			if _, err := to.Write(p.bytes); err != nil {
				return
			}
		}
	}()
	for {
		b := make([]byte, 32<<10)
		n, err := from.Read(b)
		if n > 0 {
			c.mu.Lock()
			p := parcel{b[:n], time.Now().Add(c.delay)}
			c.mu.Unlock()
			line <- p
		}
		if err != nil {
			return
		}
	}
}

func (c *Cable) hang(conns ...net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range conns {
		conn.Close()
		delete(c.conns, conn)
	}
}

func (c *Cable) swallows() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.swallow
}

// Delay has everything take so long, each way.
func (c *Cable) Delay(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.delay = d
}

// Swallow loses all that is sent from now on. The connections that lost something are of no use any more: Mend ends them.
func (c *Cable) Swallow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.swallow = true
}

// Cut ends all connections, and refuses new ones.
func (c *Cable) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listener.Close()
	c.hangAll()
}

func (c *Cable) hangAll() {
	for conn := range c.conns {
		conn.Close()
	}
	clear(c.conns)
}

// Mend is as good as new.
func (c *Cable) Mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.swallow {
		c.hangAll()
	}
	c.delay, c.swallow = 0, false
	c.listener.Close()
	if !c.ended {
		c.listen(c.Addr)
	}
}
