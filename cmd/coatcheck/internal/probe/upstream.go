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
		return unknown(tried, "it listens on loopback, and this machine has no other address to try",
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

// outside returns the addresses at which others may reach what listens at an address: an app that listens everywhere is
// reached by the proxy on loopback, too.
func (a *attack) outside(address string) (addresses []string) {
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
	for _, own := range ownAddresses() {
		addresses = append(addresses, net.JoinHostPort(own.String(), port))
	}
	return addresses
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
