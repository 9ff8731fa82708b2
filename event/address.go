package event

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// maxHops bounds how many entries of X-Forwarded-For are read. No trusted proxy wrote what stands further left.
const maxHops = 16

// ClientAddress returns the address of the client: that of the connection or, while that is in one of the networks
// proxies, the one that this proxy has added to X-Forwarded-For. The answer is the rightmost address that is no trusted
// proxy's. Whatever a client writes into the header itself stands left of it and is never read (ASVS 4.1.3).
//
// Without proxies the header counts for nothing.
func ClientAddress(r *http.Request, proxies []netip.Prefix) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if len(proxies) == 0 {
		return host
	}
	forwarded := r.Header["X-Forwarded-For"]
	for range maxHops {
		address, err := netip.ParseAddr(host)
		if err != nil || !contains(proxies, address.Unmap()) {
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

func contains(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(address) })
}

// lastHop splits the last entry off the lines of a header.
func lastHop(lines []string) (hop string, rest []string, ok bool) {
	if len(lines) == 0 {
		return "", nil, false
	}
	last := len(lines) - 1
	i := strings.LastIndexByte(lines[last], ',')
	if i < 0 {
		return strings.TrimSpace(lines[last]), lines[:last], true
	}
	rest = append(slices.Clone(lines[:last]), lines[last][:i])
	return strings.TrimSpace(lines[last][i+1:]), rest, true
}
