package gate

import (
	"net/http/httputil"
	"net/netip"
	"slices"
	"strings"
)

// The headers by which the app learns where a request came from, in Go's canonical spelling. All others of their kind
// are dropped.
const (
	forwardedFor   = "X-Forwarded-For"
	forwardedHost  = "X-Forwarded-Host"
	forwardedProto = "X-Forwarded-Proto"
)

// maxHops bounds how many proxies a request may have come through.
const maxHops = 16

// forward tells the app where the request came from. What the client says of it counts only if the client is a
// trusted proxy: then its chain goes on, and the host and scheme that the browser used are those that it names.
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

// trusts reports whether an address, with or without a port, is that of a trusted proxy.
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

// chain returns the addresses that trusted proxies have written into X-Forwarded-For, which are those from the right
// up to the first that is no trusted proxy's: the client. What stands left of it, the client has written itself. Most
// apps take the first address for the client's, so that is left out.
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

// only returns the value of a header that has one.
func only(lines []string) string {
	if len(lines) != 1 {
		return ""
	}
	return lines[0]
}
