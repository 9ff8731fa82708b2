package console

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"coatcheck.dev/event"
)

// atKnownHost refuses requests that came to the console by a name that is not its own: a site can have its name lead to
// this address, and then its pages would be of one origin with these (DNS rebinding). An address in place of a name
// cannot be another site's. Health checks tell nothing, and who sends a token is no browser that was led here.
func (c *Console) atKnownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.knows(r.Host) || exempt(r) {
			next.ServeHTTP(w, r)
			return
		}
		c.log.Warn("host_refused", "host", r.Host[:min(len(r.Host), 100)], "address", r.RemoteAddr)
		http.Error(w, "This console is not known by that name. Use localhost or its address, or start the "+
			"program with --console-host and the name.", http.StatusMisdirectedRequest)
	})
}

// knows reports whether a host is the console's own.
func (c *Console) knows(host string) bool {
	name := event.HostName(host)
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(c.hosts, name)
}

func exempt(r *http.Request) bool {
	switch path := r.URL.Path; {
	case path == "/healthz", path == "/readyz":
		return true
	case path == "/metrics", strings.HasPrefix(path, "/v1/"):
		return len(r.Header["Authorization"]) > 0
	}
	return false
}
