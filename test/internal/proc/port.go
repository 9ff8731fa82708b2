package proc

import (
	"net"
	"testing"
	"time"
)

// FreeAddrs returns n different loopback addresses that nobody listens on, for programs that have to be told
// theirs, and for those that must come back on the same one after a restart. Somebody else may take an address
// before the program does: where a program can pick its own port and print it, let it.
func FreeAddrs(t testing.TB, n int) []string {
	t.Helper()
	addrs := make([]string, n)
	for i := range addrs {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("find a free port: %v", err)
		}
		defer l.Close() // not before all are found, or two could be the same
		addrs[i] = l.Addr().String()
	}
	return addrs
}

// AwaitListening returns when somebody accepts connections at a TCP address. The test fails if the program ends
// before, or takes longer than its Timeout. It is for programs that do not say when they are ready.
func (p *Process) AwaitListening(addr string) {
	p.t.Helper()
	deadline := time.After(p.Spec.Timeout)
	for {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			c.Close()
			return
		}
		select {
		case <-p.done:
			p.t.Fatalf("%s ended without listening on %s", p.cmd, addr)
		case <-deadline:
			p.t.Fatalf("%s does not listen on %s after %v: %v", p.cmd, addr, p.Spec.Timeout, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
