package httpserver

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

// A Limit bounds how many connections one client may have open at a time. The zero value bounds nothing.
type Limit struct {
	PerClient int            // 0 is no limit
	Exempt    []netip.Prefix // addresses that speak for many clients: proxies, and what runs on this machine

	// Refused is told of each client whose connection was closed because it had too many. It must be quick.
	Refused func(client netip.Addr)
}

// Loopback is this machine, for Limit.Exempt.
var Loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func (l Limit) on(listener net.Listener) net.Listener {
	if l.PerClient <= 0 {
		return listener
	}
	return &limited{Listener: listener, Limit: l, open: make(map[netip.Prefix]int)}
}

// limited is a listener under a limit.
type limited struct {
	net.Listener
	Limit

	mu   sync.Mutex
	open map[netip.Prefix]int
}

// clientBits is how much of an IPv6 address tells one client from another: each of them has a whole /64 to itself.
const clientBits = 64

// Accept closes connections over the limit at once, and returns the next one within it.
func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
		if slices.ContainsFunc(l.Exempt, func(p netip.Prefix) bool { return p.Contains(address) }) {
			return conn, nil
		}
		client, _ := address.Prefix(min(address.BitLen(), clientBits)) // fails only beyond BitLen
		if l.enter(client) {
			return &counted{TCPConn: conn.(*net.TCPConn), leave: func() { l.leave(client) }}, nil
		}
		conn.Close()
		if l.Refused != nil {
			l.Refused(address)
		}
	}
}

func (l *limited) enter(client netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[client] >= l.PerClient {
		return false
	}
	l.open[client]++
	return true
}

func (l *limited) leave(client netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[client]--; l.open[client] == 0 {
		delete(l.open, client)
	}
}

// counted is a connection that is counted until it is closed. It keeps the methods of a TCP connection: net/http and
// the proxy copy with them, and close one direction alone.
type counted struct {
	*net.TCPConn
	once  sync.Once
	leave func()
}

func (c *counted) Close() error {
	c.once.Do(c.leave)
	return c.TCPConn.Close()
}
