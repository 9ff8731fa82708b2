package auth

import (
	_ "embed"
	"net"
	"net/url"
	"strings"
)

//go:embed Caddyfile
var caddySnippet string

// caddy asks by forward_auth, which sets what is asked for whatever the client sends, and hands on whole answers other
// than 2xx: https://caddyserver.com/docs/caddyfile/directives/forward_auth.
var caddy = &Dialect{
	name: "caddy", method: "X-Forwarded-Method", uri: "X-Forwarded-Uri", host: true, drops: true, snippet: caddySnippet,
}

// caddyAddresses are what a site of Caddy is called. Without more it gets certificates for its names by itself.
func caddyAddresses(s Site) string {
	if len(s.Hosts) > 0 && s.Listen == "" && s.Certificate == "" {
		return strings.Join(s.Hosts, ", ")
	}
	scheme := "http://"
	if s.Certificate != "" {
		scheme = "https://"
	}
	_, port, _ := net.SplitHostPort(s.ListenAddress())
	if len(s.Hosts) == 0 {
		return scheme + ":" + port
	}
	var all []string
	for _, host := range s.Hosts {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		all = append(all, scheme+host+":"+port)
	}
	return strings.Join(all, ", ")
}

func caddyBind(s Site) string {
	host, _, _ := net.SplitHostPort(s.ListenAddress())
	return host
}

func caddyUpstream(app *url.URL) string {
	if app.Scheme == "unix" {
		return "unix/" + app.Path
	}
	return app.Scheme + "://" + app.Host
}
