package redisstore

import (
	"net"
	"sync"
	"syscall"
)

// Connections are those that a client has dialled. They can all be closed, because a client of a single server cannot
// be told in another way that its address leads elsewhere now. The zero value is ready. Methods may be called from any
// goroutine.
type Connections struct {
	mu   sync.Mutex
	open map[*trackedConn]bool
}

// Add takes a connection that was dialled, and returns the one for the client to use.
func (c *Connections) Add(conn net.Conn) net.Conn {
	added := &trackedConn{Conn: conn, all: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = make(map[*trackedConn]bool)
	}
	c.open[added] = true
	if raw, ok := conn.(syscall.Conn); ok {
		return trackedRawConn{added, raw}
	}
	return added
}

// Close closes all connections. It suits [Options.Redial].
func (c *Connections) Close() {
	c.mu.Lock()
	open := c.open
	c.open = nil
	c.mu.Unlock()
	for conn := range open {
		conn.Conn.Close()
	}
}

// A trackedConn leaves the Connections when it is closed.
type trackedConn struct {
	net.Conn
	all *Connections
}

func (c *trackedConn) Close() error {
	c.all.mu.Lock()
	delete(c.all.open, c)
	c.all.mu.Unlock()
	return c.Conn.Close()
}

// A trackedRawConn lets clients look whether an idle connection still stands.
type trackedRawConn struct {
	*trackedConn
	raw syscall.Conn
}

func (c trackedRawConn) SyscallConn() (syscall.RawConn, error) { return c.raw.SyscallConn() }
