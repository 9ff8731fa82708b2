package config

import (
	"fmt"
	"io"
)

// Snippets has the commands that print what a system or a proxy needs to run the program.
type Snippets struct {
	Systemd   struct{} `cmd:"" help:"A unit of systemd for coatcheck serve, with no more rights than it needs."`
	Container struct{} `cmd:"" help:"A container file for Docker or Podman: the program and nothing else, not as root."`
	Nginx     Proxy    `cmd:"" help:"A configuration of nginx, beside which the program stands."`
	Caddy     Proxy    `cmd:"" help:"A configuration of Caddy, beside which the program stands."`
	Traefik   Proxy    `cmd:"" help:"A configuration of Traefik, beside which the program stands."`
	Envoy     Proxy    `cmd:"" help:"A configuration of Envoy, beside which the program stands."`
	Haproxy   HAProxy  `cmd:"" help:"A configuration of HAProxy, beside which the program stands."`
}

// Proxy has the flags of a snippet for a proxy. Those that it shares with serve are needed without a configuration
// file alone.
type Proxy struct {
	Config    string   `placeholder:"FILE" help:"Configuration file of serve: the snippet is for its sites that stand beside this proxy."`
	Hosts     []string `placeholder:"HOST" sep:"," help:"Names that browsers know the site by. Repeatable. Default: all"`
	Upstream  string   `default:"http://127.0.0.1:3000" placeholder:"URL" help:"Where the app is. Default: ${default}"`
	Listen    string   `default:"localhost:8080" placeholder:"ADDRESS" help:"Where coatcheck serve listens. Default: ${default}"`
	TokensFor string   `placeholder:"AUD" help:"As of serve: the app's Authorization header is then for Coatcheck to say."`

	ProxyListen string `placeholder:"ADDRESS" help:"Where the proxy listens. Default: :443 with a certificate, else :80"`
	ProxyCert   string `placeholder:"FILE" help:"Certificate of the proxy, for https. Default: plain http, as behind something that speaks https"`
	ProxyKey    string `placeholder:"FILE" help:"Key of the certificate."`
}

// HAProxy has the flags of a snippet for HAProxy.
type HAProxy struct {
	Proxy  `embed:""`
	Lua    bool   `help:"Print the script instead, which HAProxy asks with."`
	Script string `default:"/etc/haproxy/coatcheck.lua" placeholder:"FILE" help:"Where HAProxy will find the script. Default: ${default}"`
}

// Sites returns what the snippet is for, as serve would take it: the sites beside the proxy of that name, and where the
// program listens.
func (p *Proxy) Sites(proxy string) (sites []*Site, listen string, err error) {
	if p.Config == "" {
		return []*Site{{Hosts: p.Hosts, Upstream: p.Upstream, TokensFor: p.TokensFor}}, p.Listen, nil
	}
	line, err := Parse([]string{"serve", "--config", p.Config}, io.Discard)
	if err != nil {
		return nil, "", err
	}
	for _, site := range line.Serve.All() {
		if site.Beside == proxy {
			sites = append(sites, site)
		}
	}
	if len(sites) == 0 {
		return nil, "", fmt.Errorf("no site of %s stands beside this proxy; write beside: %s", p.Config, proxy)
	}
	return sites, line.Serve.Listen, nil
}
