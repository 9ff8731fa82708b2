package gate

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"

	"coatcheck.dev/event"
)

// An upstream carries requests to the app. Connections are shared by all clients, with one exception: some logins are
// those of a connection, and whoever sends the next request on it is taken for the same user (NTLM and Negotiate, RFC
// 4559, section 6). A client that uses one has connections of its own from then on, and they are closed with it. Once
// the app has asked for such a login, so has every client.
type upstream struct {
	opts    Options
	proxies []netip.Prefix
	shared  *http.Transport
	asks    atomic.Bool // the app has asked for a login of that kind
	used    atomic.Bool // some client has used one
}

func (u *upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	uses := u.asks.Load() || tied(r.Header["Authorization"])
	if uses && !u.used.Load() {
		u.used.Store(true)
	}
	if !u.used.Load() {
		return u.watch(u.shared.RoundTrip(r))
	}
	c, _ := r.Context().Value(clientKey{}).(*client)
	switch {
	case c == nil || event.Trusts(u.proxies, r.RemoteAddr):
		if uses {
			// Nothing tells whose the next request on the client's connection will be.
			r = r.Clone(r.Context())
			r.Close = true
		}
		return u.watch(u.shared.RoundTrip(r))
	case uses || c.apart():
		return u.watch(c.transport(u.opts).RoundTrip(r))
	}
	return u.watch(u.shared.RoundTrip(r))
}

// watch notices an app that asks for logins of connections.
func (u *upstream) watch(res *http.Response, err error) (*http.Response, error) {
	if err == nil && !u.asks.Load() &&
		(tied(res.Header["Www-Authenticate"]) || strings.EqualFold(res.Header.Get("Persistent-Auth"), "true")) {
		u.asks.Store(true)
		u.used.Store(true)
		u.shared.CloseIdleConnections()
	}
	return res, err
}

// tied reports whether credentials or challenges are of a scheme that logs a connection in.
func tied(lines []string) bool {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			scheme, _, _ := strings.Cut(trim(part), " ")
			switch strings.ToLower(scheme) {
			case "negotiate", "ntlm", "kerberos", "nego2":
				return true
			}
		}
	}
	return false
}

// A client is one connection of a client, with those to the app that are its own.
type client struct {
	mu    sync.Mutex
	own   *http.Transport
	ended bool
}

type clientKey struct{}

// WithClient returns a context for all requests of one connection of a client. The server calls end when that is
// closed. Without it, a login that is one of a connection holds for a single request.
func WithClient(ctx context.Context) (_ context.Context, end func()) {
	c := new(client)
	return context.WithValue(ctx, clientKey{}, c), c.end
}

// apart reports whether the client has connections of its own.
func (c *client) apart() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.own != nil
}

func (c *client) transport(opts Options) *http.Transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.own == nil {
		c.own = newTransport(opts)
		c.own.DisableKeepAlives = c.ended
	}
	return c.own
}

func (c *client) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
}
