package identity

import (
	"maps"
	"slices"
)

// misleading are headers by which a client could pass for another, or make its request look like a different one. Some
// proxies, frameworks and content delivery networks believe them.
var misleading = map[string]bool{
	// Where it comes from.
	"cf-connecting-ip": true, "cf-connecting-ipv6": true, "cf-pseudo-ipv4": true, "client-ip": true,
	"fastly-client-ip": true, "fly-client-ip": true, "forwarded-for": true, "http-client-ip": true,
	"http-x-forwarded-for": true, "proxy-client-ip": true, "remote-addr": true, "true-client-ip": true,
	"wl-proxy-client-ip": true, "x-appengine-user-ip": true, "x-azure-clientip": true, "x-azure-socketip": true,
	"x-client-ip": true, "x-cluster-client-ip": true, "x-envoy-external-address": true, "x-forward-for": true,
	"x-forwarded": true, "x-original-forwarded-for": true, "x-originating-ip": true, "x-proxyuser-ip": true,
	"x-real-client-ip": true, "x-remote-addr": true, "x-remote-ip": true, "x-true-client-ip": true,
	"do-connecting-ip": true, "x-nf-client-connection-ip": true,

	// By which scheme it came: as https, a page that travels in the clear sets its cookies and does not redirect.
	"cloudfront-forwarded-proto": true, "fastly-ssl": true, "forwarded-proto": true, "front-end-https": true,
	"wl-proxy-ssl": true, "x-arr-ssl": true, "x-https": true, "x-scheme": true, "x-url-scheme": true,

	// Who makes it, as a proxy tells that has signed somebody in.
	"remote-user": true, "x-auth-request-email": true, "x-auth-request-groups": true,
	"x-auth-request-preferred-username": true, "x-auth-request-user": true, "x-authenticated-user": true,
	"x-remote-group": true, "x-remote-groups": true, "x-remote-user": true, "x-ssl-client-cert": true,
	"x-ssl-client-s-dn": true, "x-ssl-client-verify": true, "x-webauth-user": true,
	"cf-access-authenticated-user-email": true, "remote-email": true, "remote-groups": true, "remote-name": true,
	"ssl-client-cert": true, "ssl-client-s-dn": true, "ssl-client-verify": true, "tailscale-user-login": true,
	"x-amzn-oidc-identity": true, "x-authenticated-groups": true, "x-authenticated-userid": true,
	"x-authentik-email": true, "x-authentik-groups": true, "x-authentik-username": true, "x-client-cert": true,
	"x-client-verify": true, "x-goog-authenticated-user-email": true, "x-goog-authenticated-user-id": true,
	"x-ms-client-principal": true, "x-ms-client-principal-id": true, "x-ms-client-principal-name": true,

	// What it asks for. Proxy becomes the variable HTTP_PROXY of CGI programs (CVE-2016-5385).
	"proxy": true, "x-host": true, "x-http-destinationurl": true, "x-http-host-override": true, "x-http-method": true,
	"x-http-method-override": true, "x-method-override": true, "x-middleware-subrequest": true,
	"x-original-host": true, "x-original-method": true, "x-original-uri": true, "x-original-url": true,
	"x-override-url": true, "x-proxy-url": true, "x-rewrite-url": true, "script-name": true,
	"x-envoy-original-path": true, "x-http-path-override": true, "x-script-name": true,
}

// Misleading reports whether a header lets a client pass for another, or makes its request look like a different one. A
// name is in lower case, with "-" for every sign that is neither letter nor digit.
func Misleading(name string) bool { return misleading[name] }

// MisleadingNames returns the names of all such headers, for proxies that drop a header by its name.
func MisleadingNames() []string { return slices.Sorted(maps.Keys(misleading)) }
