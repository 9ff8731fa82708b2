package auth

import (
	_ "embed"
	"net"
	"net/url"
)

//go:embed haproxy.cfg
var haproxySnippet string

// HAProxyScript is the script by which HAProxy asks.
//
//go:embed haproxy.lua
var HAProxyScript string

// haproxy asks by a script of ours, which says what is asked for as the snippet of nginx does.
var haproxy = &Dialect{
	name: "haproxy", method: "X-Original-Method", uri: "X-Original-Uri", host: true, snippet: haproxySnippet,
}

func haproxyListen(s Site) string { return s.ListenAddress() }

// haproxyServer is the address of the app, and that it speaks TLS.
func haproxyServer(app *url.URL) string {
	switch {
	case app.Scheme == "unix":
		return "unix@" + app.Path
	case app.Scheme == "https":
		return withPort(app, "443") + " ssl verify required ca-file @system-ca sni str(" + app.Hostname() + ")"
	}
	return withPort(app, "80")
}

func withPort(app *url.URL, port string) string {
	if app.Port() != "" {
		return app.Host
	}
	return net.JoinHostPort(app.Hostname(), port)
}
