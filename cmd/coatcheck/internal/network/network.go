// Package network reads and compares the addresses and networks by which sessions are searched, whether those that live
// or what has happened to them: so a search finds the same with both.
package network

import (
	"errors"
	"net/netip"
	"strings"
)

var errWanted = errors.New("write an address such as 192.0.2.7 or 2001:db8::1, or a network such as 192.0.2.0/24")

// Parse reads an address or a network. IPv4 that is written as IPv6 is IPv4. The error says what to write.
func Parse(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		a := Address(text)
		if !a.IsValid() {
			return netip.Prefix{}, errWanted
		}
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err == nil && p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, errWanted
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if err != nil {
		return netip.Prefix{}, errWanted
	}
	return p.Masked(), nil
}

// Format writes a network as people do: one of a single address as that address, and none as "".
func Format(p netip.Prefix) string {
	switch {
	case !p.IsValid():
		return ""
	case p.IsSingleIP():
		return p.Addr().String()
	}
	return p.String()
}

// Address reads the address of a client; it is not valid if the text is none.
func Address(text string) netip.Addr {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}
	}
	return a.Unmap()
}

// Key is an address as it is compared in a database: 16 bytes, those of IPv4 as IPv6 has them, or none if the text is
// no address. A network is then a range: see [Bounds].
func Key(text string) []byte {
	a := Address(text)
	if !a.IsValid() {
		return []byte{}
	}
	key := a.As16()
	return key[:]
}

// Bounds returns the keys of the first and the last address of a network.
func Bounds(p netip.Prefix) (first, last []byte) {
	key, bits := p.Masked().Addr().As16(), p.Bits()
	if p.Addr().Is4() {
		bits += 96
	}
	end := key
	for i := bits; i < 128; i++ {
		end[i/8] |= 0x80 >> (i % 8)
	}
	return key[:], end[:]
}
