package proc

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// FreeAddrs returns n different loopback addresses that nobody listens on, for programs that have to be told theirs,
// and for those that must come back on the same one after a restart. Their ports are below those that a system gives
// to whoever asks for any (from 32768 on Linux), so that no connection takes one before the program does.
func FreeAddrs(t testing.TB, n int) []string {
	t.Helper()
	addrs := make([]string, 0, n)
	for tries := 0; len(addrs) < n; tries++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 16_000+rand.IntN(16_000)))
		if err != nil {
			if tries > 100*n {
				t.Fatal(err)
			}
			continue
		}
		defer l.Close() // all at the end, so that no two are the same
		addrs = append(addrs, l.Addr().String())
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
