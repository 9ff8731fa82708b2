// Package network reads and compares the addresses and networks by which sessions are searched, whether those that live
// or what has happened to them: so a search finds the same with both.
package network

import (
	"errors"
	"net/netip"
	"strings"
)

var errWanted = errors.New("write an address such as 192.0.2.7 or 2001:db8::1, or a network such as 192.0.2.0/24")

// Parse reads an address or a network. IPv4 that is written as IPv6 is IPv4, and an address goes without its zone.
// The error says what to write.
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
		if p.Bits() < mappedBits {
			return netip.Prefix{}, errWanted
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappedBits)
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

// Address reads the address of a client, without its zone, which means something on one machine alone. It is not valid
// if the text is none.
func Address(text string) netip.Addr {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// Key is an address as it is compared in a database: 16 bytes, those of IPv4 as IPv6 has them, or none if the text is
// no address. A network is then a range: see [Bounds] and [Whole].
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
		bits += mappedBits
	}
	end := key
	for i := bits; i < 128; i++ {
		end[i/8] |= 0x80 >> (i % 8)
	}
	return key[:], end[:]
}

// Whole reports whether all keys between the bounds of a network are in it. Those of IPv4 lie among those of IPv6, and
// a network of IPv6 has none of them.
func Whole(p netip.Prefix) bool { return p.Addr().Is4() || p.Bits() >= mappedBits }

const mappedBits = 96

var ipv4 = netip.MustParsePrefix("0.0.0.0/0")

// Condition is what SQL asks of a column of keys to find those in a network.
func Condition(column string, p netip.Prefix) (sql string, args []any) {
	first, last := Bounds(p)
	sql, args = column+" BETWEEN ? AND ?", []any{first, last}
	if !Whole(p) {
		first, last := Bounds(ipv4)
		sql, args = sql+" AND "+column+" NOT BETWEEN ? AND ?", append(args, first, last)
	}
	return sql, args
}
