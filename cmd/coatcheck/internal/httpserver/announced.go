package httpserver

import (
	"net"
	"net/netip"
	"slices"

	"github.com/pires/go-proxyproto"

	"coatcheck.dev/event"
)

// announced returns a listener whose connections have the addresses that proxies announce for them (the PROXY protocol,
// versions 1 and 2).
func announced(listener net.Listener, proxies []netip.Prefix) net.Listener {
	if len(proxies) == 0 {
		return listener
	}
	return &proxyproto.Listener{
		Listener: listener, ReadHeaderTimeout: headerTimeout,
		ConnPolicy: func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
			address, err := event.ParseHop(o.Upstream.String())
			if err == nil && slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(address) }) {
				return proxyproto.REQUIRE, nil
			}
			return proxyproto.SKIP, nil
		},
	}
}
