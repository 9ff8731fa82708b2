package probe

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// reachTimeout is how long an address may take to answer; a firewall that drops packets never does.
const reachTimeout = 3 * time.Second

// upstream asks the app without the proxy.
func (a *attack) upstream(ctx context.Context) (Finding, error) {
	given := a.Upstreams
	if len(given) == 0 {
		given = []string{a.visitor.report.Listens}
	}
	tried := "the app without the proxy, at port " + ports(given)
	var candidates []string
	for _, address := range given {
		candidates = append(candidates, a.outside(address)...)
	}
	if len(candidates) == 0 {
		return unknown(tried, "it listens on loopback, and this machine has no second loopback address to try",
			"try it from another machine, with --upstream")
	}
	for _, address := range candidates {
		if reached(ctx, address) {
			return dangerous(tried, address+" answers, and believes whatever a client says it is",
				"have the app listen on loopback or a unix socket, or let a firewall keep all but the proxy out")
		}
	}
	return ok(tried, "the app does not answer at "+strings.Join(candidates, ", "))
}

func ports(addresses []string) string {
	var list []string
	for _, address := range addresses {
		_, port, _ := net.SplitHostPort(address)
		list = append(list, port)
	}
	return strings.Join(list, ", ")
}

// outside returns the addresses at which only an app answers that others reach as well. One that listens everywhere
// answers at loopback addresses, too, that it was not told of, and to ask there leaves the network in peace.
func (a *attack) outside(address string) []string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return []string{address}
	}
	site := a.site.Hostname()
	if ip, err := netip.ParseAddr(site); site != "localhost" && (err != nil || !ip.IsLoopback() && !local(ip)) {
		return []string{net.JoinHostPort(site, port)} // it is another machine's loopback
	}
	if host == secondLoopback || !bindable(secondLoopback) {
		return nil
	}
	return []string{net.JoinHostPort(secondLoopback, port)}
}

// secondLoopback is an address of every Linux and Windows, and of no macOS as it comes (RFC 1122, section 3.2.1.3).
const secondLoopback = "127.0.0.2"

// bindable reports whether an address is one of this machine.
func bindable(host string) bool {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// reached reports whether an address answers by HTTP.
func reached(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return false
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return false
	}
	response.Body.Close()
	return true
}
