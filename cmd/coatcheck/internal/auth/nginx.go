package auth

import (
	_ "embed"
	"net/url"
	"strings"
)

//go:embed nginx.conf
var nginxSnippet string

// nginx asks by auth_request: https://nginx.org/en/docs/http/ngx_http_auth_request_module.html. What the snippet sets
// has names of its own, so that no header of the client can pass for it.
var nginx = &Dialect{
	name: "nginx", method: "X-Original-Method", uri: "X-Original-Uri", host: true, terse: true, numbered: true,
	snippet: nginxSnippet,
}

func nginxListen(s Site) string { return strings.TrimPrefix(s.ListenAddress(), ":") }

func nginxUpstream(app *url.URL) string {
	if app.Scheme == "unix" {
		return "http://unix:" + app.Path
	}
	return app.Scheme + "://" + app.Host
}
