package redisstore

import (
	"net"
	"sync"
	"syscall"
)

// Connections are those that a client has dialled, so that all of them can be closed: a client that is for one server
// cannot be told otherwise that its address leads to another one now. The zero value is ready. Methods may be called
// from any goroutine.
type Connections struct {
	mu   sync.Mutex
	open map[*connection]bool
}

// Add takes a connection that was dialled, and returns the one for the client to use.
func (c *Connections) Add(conn net.Conn) net.Conn {
	added := &connection{Conn: conn, all: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = make(map[*connection]bool)
	}
	c.open[added] = true
	if raw, ok := conn.(syscall.Conn); ok {
		return rawConnection{added, raw}
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

type connection struct {
	net.Conn
	all *Connections
}

func (c *connection) Close() error {
	c.all.mu.Lock()
	delete(c.all.open, c)
	c.all.mu.Unlock()
	return c.Conn.Close()
}

// A rawConnection lets clients look whether an idle connection still stands.
type rawConnection struct {
	*connection
	raw syscall.Conn
}

func (c rawConnection) SyscallConn() (syscall.RawConn, error) { return c.raw.SyscallConn() }
