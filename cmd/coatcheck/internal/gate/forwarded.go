package gate

import (
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"

	"coatcheck.dev/event"
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
func (g *Gate) forward(r *httputil.ProxyRequest, x *exchange) {
	proxies := g.has.TrustedProxies
	var chain []string
	if event.Trusts(proxies, r.In.RemoteAddr) {
		chain = g.chain(r.In.Header[forwardedFor])
	} else {
		g.strangers.warn(g, r.In)
	}
	if host, _, err := net.SplitHostPort(r.In.RemoteAddr); err == nil {
		chain = append(chain, host)
	}
	header := r.Out.Header
	x.from = [3]string{strings.Join(chain, ", "), event.ClientHost(r.In, proxies), event.ClientScheme(r.In, proxies)}
	header[forwardedHost], header[forwardedProto] = x.from[1:2:2], x.from[2:3:3]
	if len(chain) > 0 {
		header[forwardedFor] = x.from[0:1:1]
	}
}

// strangers are clients that send what proxies send although nobody trusts them. It may be the operator's own proxy,
// and nothing else would say so. Clients from the internet do not use up the warning about one from near by.
type strangers struct{ near, far sync.Once }

func (s *strangers) warn(g *Gate, r *http.Request) {
	if !slices.ContainsFunc([]string{forwardedFor, forwardedHost, forwardedProto, "Forwarded"}, func(name string) bool {
		return len(r.Header[name]) > 0
	}) {
		return
	}
	address, err := event.ParseHop(r.RemoteAddr)
	once := &s.far
	if err == nil && (address.IsLoopback() || address.IsPrivate() || address.IsLinkLocalUnicast()) {
		once = &s.near
	}
	once.Do(func() {
		g.opts.Log.Warn("X-Forwarded headers of a client were ignored; if it is your proxy, start with --trust-proxy "+
			address.String(), "address", address)
	})
}

// chain returns the addresses that trusted proxies have written into X-Forwarded-For: from the right, up to the first
// one that is not a trusted proxy's. That one is the client's. The client wrote everything left of it, and most apps
// take the first address for the client's, so the rest is dropped.
func (g *Gate) chain(lines []string) []string {
	var chain []string
	for _, line := range slices.Backward(lines) {
		for line != "" && len(chain) < maxHops {
			i := strings.LastIndexByte(line, ',')
			hop, err := event.ParseHop(trim(line[i+1:]))
			if err != nil {
				return chain
			}
			chain = slices.Insert(chain, 0, hop.String())
			if !event.Trusts(g.has.TrustedProxies, hop.String()) {
				return chain
			}
			line = line[:max(i, 0)]
		}
	}
	return chain
}
