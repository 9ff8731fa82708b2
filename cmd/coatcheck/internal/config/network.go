package config

import (
	"fmt"
	"net/netip"
)

// A Network has the addresses of proxies: a CIDR prefix, or one address.
type Network struct{ netip.Prefix }

// UnmarshalText reads a prefix or an address. It refuses the network of everybody, because any client could then choose
// its own address.
func (n *Network) UnmarshalText(text []byte) error {
	prefix, err := netip.ParsePrefix(string(text))
	if err != nil {
		address, err := netip.ParseAddr(string(text))
		if err != nil || address.Zone() != "" {
			return fmt.Errorf("%.50q is neither a network such as 10.0.0.0/8 nor an address", text)
		}
		address = address.Unmap()
		prefix = netip.PrefixFrom(address, address.BitLen())
	}
	if prefix.Bits() == 0 {
		return fmt.Errorf("%s is everybody; name the networks of your proxies", prefix)
	}
	if prefix.Addr().Is4In6() {
		return fmt.Errorf("write %s as a network of IPv4 addresses", prefix)
	}
	if largest := largestNetwork(prefix.Addr()); prefix.Bits() < largest {
		return fmt.Errorf("%s has strangers in it, because no network of one owner is larger than /%d; name those of "+
			"your proxies", prefix, largest)
	}
	n.Prefix = prefix.Masked()
	return nil
}

// largestNetwork is the length of 10.0.0.0/8 and of fc00::/7: everything shorter has addresses of other people.
func largestNetwork(address netip.Addr) int {
	if address.Is4() {
		return 8
	}
	return 7
}

// TrustedProxies returns the networks of --trust-proxy.
func (s *Server) TrustedProxies() []netip.Prefix { return prefixes(s.TrustProxy) }

// ConsoleGates returns the networks of --console-trust-user-from.
func (s *Server) ConsoleGates() []netip.Prefix { return prefixes(s.ConsoleTrustUserFrom) }

func prefixes(networks []Network) []netip.Prefix {
	var all []netip.Prefix
	for _, n := range networks {
		all = append(all, n.Prefix)
	}
	return all
}
