package auth

import (
	_ "embed"
	"net"
	"strings"
)

//go:embed traefik.yml
var traefikSnippet string

// traefik asks by its ForwardAuth middleware, which sets what is asked for whatever the client sends, unless it is told
// to trust that: https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/forwardauth/.
var traefik = &Dialect{
	name: "traefik", method: "X-Forwarded-Method", uri: "X-Forwarded-Uri", host: true, drops: true, resolves: true,
	snippet: traefikSnippet,
}

// traefikRule is the rule of a router.
func traefikRule(hosts []string) string {
	if len(hosts) == 0 {
		return "PathPrefix(`/`)"
	}
	var all []string
	for _, host := range hosts {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if domain, below := strings.CutPrefix(host, "*."); below {
			all = append(all, "HostRegexp(`^.+\\."+strings.ReplaceAll(domain, ".", "\\.")+"$`)")
			continue
		}
		all = append(all, "Host(`"+host+"`)")
	}
	return strings.Join(all, " || ")
}
