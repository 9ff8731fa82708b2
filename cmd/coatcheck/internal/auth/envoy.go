package auth

import (
	_ "embed"
	"fmt"
	"net"
	"net/url"
	"strings"
)

//go:embed envoy.yml
var envoySnippet string

// envoy asks by ext_authz with the client's method, host and path, the last below a prefix:
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/ext_authz/v3/ext_authz.proto.
var envoy = &Dialect{name: "envoy", snippet: envoySnippet}

// envoyAddress is an address as Envoy writes it.
func envoyAddress(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	if host == "" {
		host = "0.0.0.0"
	}
	return fmt.Sprintf(`{socket_address: {address: "%s", port_value: %s}}`, host, port), nil
}

// envoyDomains are the hosts of a site, each with any port.
func envoyDomains(hosts []string) string {
	if len(hosts) == 0 {
		return `"*"`
	}
	var all []string
	for _, host := range hosts {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		all = append(all, `"`+host+`"`, `"`+host+`:*"`)
	}
	return strings.Join(all, ", ")
}

func appAddress(app *url.URL) string {
	return withPort(app, map[string]string{"http": "80", "https": "443"}[app.Scheme])
}
