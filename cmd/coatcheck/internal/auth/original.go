package auth

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// What every proxy says in the same headers, in Go's canonical spelling.
const (
	forwardedFor   = "X-Forwarded-For"
	forwardedHost  = "X-Forwarded-Host"
	forwardedProto = "X-Forwarded-Proto"
	forwardedPort  = "X-Forwarded-Port"
)

// original returns the client's request, as the proxy tells of it. Its headers are those of the proxy's request, with
// the X-Forwarded ones among them, by which package event knows the client's address, host and scheme. An error is for
// the operator, who has to set up the proxy.
func (d *Dialect) original(r *http.Request) (*http.Request, error) {
	method, uri, err := d.asked(r)
	if err != nil {
		return nil, err
	}
	scheme, err := d.only(r.Header, forwardedProto)
	if err != nil {
		return nil, err
	}
	if scheme != "https" && scheme != "http" {
		return nil, d.wrong(forwardedProto, "is neither http nor https")
	}
	host := r.Host
	switch {
	case d.host:
		if host, err = d.only(r.Header, forwardedHost); err != nil {
			return nil, err
		}
	case r.Header[forwardedHost] != nil || r.Header[forwardedPort] != nil:
		return nil, fmt.Errorf("X-Forwarded-Host and -Port are a client's; %s has to keep them to itself, because the "+
			"Host header tells", d.name)
	}
	if host == "" || strings.ContainsAny(host, ", \t/@") {
		return nil, d.wrong(forwardedHost, "is no host")
	}
	if len(r.Header[forwardedFor]) == 0 {
		return nil, d.wrong(forwardedFor, "is missing")
	}
	return rebuilt(r, method, uri, host)
}

// rebuilt returns a copy of the proxy's request that asks for what the client asks for.
func rebuilt(r *http.Request, method, uri, host string) (*http.Request, error) {
	if !httpguts.ValidHeaderFieldName(method) { // a token, as a method is
		return nil, fmt.Errorf("%.50q is no method", method)
	}
	if !strings.HasPrefix(uri, "/") && (uri != "*" || method != http.MethodOptions) {
		return nil, fmt.Errorf("the client's URI has to begin with a slash; this one is %.50q", uri)
	}
	u, err := url.ParseRequestURI(uri)
	if err != nil {
		return nil, fmt.Errorf("the client's URI cannot be read: %.200q", uri)
	}
	o := r.WithContext(r.Context())
	o.Method, o.URL, o.RequestURI, o.Host = method, u, uri, host
	o.Body, o.ContentLength = http.NoBody, 0
	if header := r.Header; header.Get("Upgrade") == "" && header.Get("Sec-Websocket-Key") != "" {
		// A proxy may have taken out what is for one connection alone. What is asked for is still a WebSocket.
		o.Header = header.Clone()
		o.Header.Set("Upgrade", "websocket")
	}
	return o, nil
}

// asked returns the method and the URI that the client asks for.
func (d *Dialect) asked(r *http.Request) (method, uri string, err error) {
	if d.method == "" {
		return r.Method, strings.TrimPrefix(r.RequestURI, Path), nil
	}
	if method, err = d.only(r.Header, d.method); err != nil {
		return "", "", err
	}
	uri, err = d.only(r.Header, d.uri)
	return method, uri, err
}

// only returns the value of a header that is there once.
func (d *Dialect) only(header http.Header, name string) (string, error) {
	switch lines := header[name]; {
	case len(lines) > 1:
		return "", d.wrong(name, "is there more than once")
	case len(lines) == 0 || lines[0] == "":
		return "", d.wrong(name, "is missing")
	default:
		return lines[0], nil
	}
}

func (d *Dialect) wrong(name, what string) error {
	return fmt.Errorf("%s %s; \"coatcheck snippet %s\" prints a configuration of %[3]s that sets it", name, what,
		d.name)
}
