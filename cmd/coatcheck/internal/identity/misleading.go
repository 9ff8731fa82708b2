package identity

import (
	"maps"
	"slices"
)

// misleading are headers by which a client could pass for another, or make its request look like a different one. Some
// proxies, frameworks and content delivery networks believe them.
var misleading = map[string]bool{
	// Whose request it is.
	"cf-connecting-ip": true, "cf-connecting-ipv6": true, "cf-pseudo-ipv4": true, "client-ip": true,
	"fastly-client-ip": true, "fly-client-ip": true, "remote-addr": true, "true-client-ip": true,
	"x-appengine-user-ip": true, "x-azure-clientip": true, "x-azure-socketip": true, "x-client-ip": true,
	"x-cluster-client-ip": true, "x-envoy-external-address": true, "x-original-forwarded-for": true,
	"x-originating-ip": true, "x-proxyuser-ip": true, "x-remote-addr": true, "x-remote-ip": true,

	// What it asks for.
	"x-host": true, "x-http-host-override": true, "x-http-method": true, "x-http-method-override": true,
	"x-method-override": true, "x-original-host": true, "x-original-method": true, "x-original-uri": true,
	"x-original-url": true, "x-override-url": true, "x-rewrite-url": true,
}

// Misleading reports whether a header lets a client pass for another, or makes its request look like a different one. A
// name is in lower case, with "-" for every sign that is neither letter nor digit.
func Misleading(name string) bool { return misleading[name] }

// MisleadingNames returns the names of all such headers, for proxies that drop a header by its name.
func MisleadingNames() []string { return slices.Sorted(maps.Keys(misleading)) }
