package main

import (
	"fmt"
	"io"
	"net"

	"coatcheck.dev/cmd/coatcheck/internal/auth"
	"coatcheck.dev/cmd/coatcheck/internal/config"
)

// printProxy prints the configuration of a proxy beside which the program stands.
func (p *Program) printProxy(flags *config.Proxy, name string) error {
	return p.printWith(flags, name, "")
}

// printHAProxy prints the configuration of HAProxy, or its script.
func (p *Program) printHAProxy(flags *config.HAProxy) error {
	if flags.Lua {
		_, err := io.WriteString(p.Stdout, auth.HAProxyScript)
		return err
	}
	return p.printWith(&flags.Proxy, "haproxy", flags.Script)
}

func (p *Program) printWith(flags *config.Proxy, name, script string) error {
	dialect, err := auth.DialectOf(name)
	if err != nil {
		return err
	}
	sites, listen, err := flags.Sites(name)
	if err != nil {
		return err
	}
	setup := auth.Setup{Coatcheck: reachable(listen), Script: script}
	for _, s := range sites {
		app, err := s.UpstreamURL()
		if err != nil {
			return fmt.Errorf("upstream: %w; it is where the proxy sends requests", err)
		}
		one := auth.Site{
			Hosts: s.Hosts, Listen: flags.ProxyListen, Certificate: flags.ProxyCert, Key: flags.ProxyKey, App: app,
			Cookie: s.CookieName(), Authorization: s.TokensFor != "" || len(s.Bearer) > 0,
		}
		setup.Sites = append(setup.Sites, one)
	}
	return dialect.WriteSnippet(p.Stdout, setup)
}

// reachable returns where a proxy on this machine finds a listener.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || host == "localhost" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
