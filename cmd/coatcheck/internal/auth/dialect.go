package auth

import (
	"fmt"
	"strings"
)

// A Dialect is how one proxy asks, and what becomes of the answer. There is one file for each.
type Dialect struct {
	name string

	// method and uri are the headers that say what the client asks for. Without them the proxy asks with the client's
	// method, and with its URI below Path.
	method, uri string

	host     bool // X-Forwarded-Host has the client's Host header, and not that of the proxy's own request
	terse    bool // it knows 2xx, 401 and 403, and asks again for the whole answer
	numbered bool // it hands on one header of a name
	drops    bool // it drops Set-Cookie of a 2xx
	resolves bool // it takes a Location for relative to where it asked, and not to the client's URI

	snippet string // a template of the configuration: see Snippet
}

var dialects = []*Dialect{nginx, caddy, traefik, haproxy, envoy}

// DialectOf returns the dialect of a proxy by its name in lower case.
func DialectOf(name string) (*Dialect, error) {
	var names []string
	for _, d := range dialects {
		if d.name == name {
			return d, nil
		}
		names = append(names, d.name)
	}
	return nil, fmt.Errorf("%.50q is no proxy that is known here; write one of %s", name, strings.Join(names, ", "))
}

// String returns the name.
func (d *Dialect) String() string { return d.name }
