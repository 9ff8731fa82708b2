package session

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// maxHops bounds how many entries of X-Forwarded-For are looked at. What is further left was written by nobody who is
// trusted.
const maxHops = 16

// clientAddress returns the address of the client: that of the connection, or, as long as the address is one of
// Options.TrustedProxies, the one that this proxy has added to X-Forwarded-For. So it is the rightmost address that
// no trusted proxy vouches for as a proxy; what a client writes into the header itself stands left of that and is
// never looked at (ASVS 4.1.3).
func (o *Options) clientAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if len(o.TrustedProxies) == 0 {
		return host
	}
	forwarded := r.Header["X-Forwarded-For"]
	for hops := 0; hops < maxHops; hops++ {
		address, err := netip.ParseAddr(host)
		if err != nil || !o.trusts(address.Unmap()) {
			return host
		}
		next, rest, ok := lastHop(forwarded)
		if !ok {
			return host
		}
		if _, err := netip.ParseAddr(next); err != nil {
			return host // a proxy that writes something else is no help
		}
		host, forwarded = next, rest
	}
	return host
}

func (o *Options) trusts(address netip.Addr) bool {
	for _, p := range o.TrustedProxies {
		if p.Contains(address) {
			return true
		}
	}
	return false
}

// lastHop splits the last entry off the lines of a header.
func lastHop(lines []string) (hop string, rest []string, ok bool) {
	if len(lines) == 0 {
		return "", nil, false
	}
	last := len(lines) - 1
	before, hop, more := cutLast(lines[last])
	if !more {
		return strings.TrimSpace(hop), lines[:last], true
	}
	rest = append(append(make([]string, 0, len(lines)), lines[:last]...), before)
	return strings.TrimSpace(hop), rest, true
}

func cutLast(line string) (before, last string, found bool) {
	if i := strings.LastIndexByte(line, ','); i >= 0 {
		return line[:i], line[i+1:], true
	}
	return "", line, false
}
