package gate

import (
	"net/http/httputil"
	"net/netip"
	"slices"
	"strings"
)

// The headers that tell the app where a request came from, in Go's canonical spelling. All others of their kind are
// dropped.
const (
	forwardedFor   = "X-Forwarded-For"
	forwardedHost  = "X-Forwarded-Host"
	forwardedProto = "X-Forwarded-Proto"
)

// maxHops bounds how many proxies a request may have come through.
const maxHops = 16

// forward tells the app where the request came from. The client's word counts only if the client is a trusted proxy.
// Then its chain goes on, and so do the host and scheme that it names.
func (g *gate) forward(r *httputil.ProxyRequest) {
	in, out := r.In.Header, r.Out.Header
	trusted := g.trusts(r.In.RemoteAddr)
	if trusted {
		if chain := g.chain(in[forwardedFor]); len(chain) > 0 {
			out[forwardedFor] = chain // SetXForwarded adds the proxy itself
		}
	}
	r.SetXForwarded()
	if !trusted {
		return
	}
	if host := only(in[forwardedHost]); host != "" && !strings.ContainsAny(host, ", \t/@") {
		out[forwardedHost] = []string{host}
	}
	if proto := only(in[forwardedProto]); proto == "http" || proto == "https" {
		out[forwardedProto] = []string{proto}
	}
}

// trusts reports whether an address, with or without a port, belongs to a trusted proxy.
func (g *gate) trusts(address string) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		withPort, err := netip.ParseAddrPort(address)
		if err != nil {
			return false
		}
		ip = withPort.Addr()
	}
	ip = ip.Unmap()
	return slices.ContainsFunc(g.has.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// chain returns the addresses that trusted proxies have written into X-Forwarded-For: from the right, up to the first
// one that is not a trusted proxy's. That one is the client's. The client wrote everything left of it, and most apps
// take the first address for the client's, so the rest is dropped.
func (g *gate) chain(lines []string) []string {
	var chain []string
	for _, line := range slices.Backward(lines) {
		for line != "" && len(chain) < maxHops {
			i := strings.LastIndexByte(line, ',')
			hop := trim(line[i+1:])
			if _, err := netip.ParseAddr(hop); err != nil {
				return chain
			}
			chain = slices.Insert(chain, 0, hop)
			if !g.trusts(hop) {
				return chain
			}
			line = line[:max(i, 0)]
		}
	}
	return chain
}

// only returns the value of a header with one line.
func only(lines []string) string {
	if len(lines) != 1 {
		return ""
	}
	return lines[0]
}
