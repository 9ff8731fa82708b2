package event

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
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
		if !Trusts(proxies, host) {
			return host
		}
		next, rest, ok := lastHop(forwarded)
		if !ok {
			return host
		}
		address, err := ParseHop(next)
		if err != nil {
			return host // a proxy that writes something else is no help
		}
		host, forwarded = address.String(), rest
	}
	return host
}

// ClientHost returns the host that the client asked for, with the port if it is named: that of the Host header or, if
// the connection comes from one of the networks proxies, the only value of its X-Forwarded-Host. Of a Host header that
// a proxy has written without a port, the port is that of X-Forwarded-Port, if that is a number.
func ClientHost(r *http.Request, proxies []netip.Prefix) string {
	if !Trusts(proxies, r.RemoteAddr) {
		return r.Host
	}
	host := r.Host
	if said := only(r.Header["X-Forwarded-Host"]); said != "" && !strings.ContainsAny(said, ", \t/@") {
		host = said
	}
	port := only(r.Header["X-Forwarded-Port"])
	if port == "" || hasPort(host) {
		return host
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return host
	}
	return host + ":" + port
}

// ClientScheme returns "https" or "http", by which the client has come. The word of a trusted proxy counts, if it is
// one of the two.
func ClientScheme(r *http.Request, proxies []netip.Prefix) string {
	said := only(r.Header["X-Forwarded-Proto"])
	switch {
	case (said == "https" || said == "http") && Trusts(proxies, r.RemoteAddr):
		return said
	case r.TLS != nil:
		return "https"
	}
	return "http"
}

// Trustworthy reports whether browsers keep Secure cookies of a page from a host, with a port or without: of every host
// by https, and by plain http of this machine alone, which is localhost, a name below it, an address in 127.0.0.0/8 or
// ::1 (W3C Secure Contexts, section 3.1).
func Trustworthy(scheme, host string) bool {
	if scheme == "https" {
		return true
	}
	host = HostName(host)
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() && !ip.Is4In6() // Chromium drops cookies of ::ffff:127.0.0.1
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// HostName returns the name in a host as [ClientHost] tells it, in the spelling that is compared: without a port, the
// brackets of an IPv6 address and a final dot, in lower case.
func HostName(host string) string {
	if hasPort(host) && (host[0] == '[' || strings.Count(host, ":") == 1) { // an IPv6 address may have no brackets
		host = host[:strings.LastIndexByte(host, ':')]
	}
	if n := len(host); n > 2 && host[0] == '[' && host[n-1] == ']' {
		host = host[1 : n-1]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// Trusts reports whether an address, as [ParseHop] reads it, is in one of the networks proxies.
func Trusts(proxies []netip.Prefix, address string) bool {
	if len(proxies) == 0 {
		return false
	}
	ip, err := ParseHop(address)
	return err == nil && slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// ParseHop reads an address as proxies write it: "203.0.113.7", "2001:db8::5" or "[2001:db8::5]", each also with a
// port. An IPv4 address that is written as one of IPv6 is an IPv4 address.
func ParseHop(text string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap(), nil
	}
	if n := len(text); n > 2 && text[0] == '[' && text[n-1] == ']' {
		text = text[1 : n-1]
	}
	address, err := netip.ParseAddr(text)
	return address.Unmap(), err
}

func hasPort(host string) bool {
	return strings.LastIndexByte(host, ':') > strings.LastIndexByte(host, ']')
}

// only returns the value of a header with one line.
func only(lines []string) string {
	if len(lines) != 1 {
		return ""
	}
	return lines[0]
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
