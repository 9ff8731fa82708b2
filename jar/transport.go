package jar

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"coatcheck.dev/cookie"
)

// Transport is an [http.RoundTripper] with a jar. It sees more than an [http.CookieJar]: the lines as they were sent,
// the context of a request ([WithRequest]) and its redirects. Use it in an [http.Client] without a Jar:
//
//	client := &http.Client{Transport: &jar.Transport{Jar: j}}
//
// A Cookie header of the request itself is sent in front of the jar's cookies. When a redirect sets one of them anew,
// the requests after it leave the old one out, as those of an [http.Client] with a Jar do.
type Transport struct {
	Jar *Jar
	// Base does the work. The default is http.DefaultTransport.
	Base http.RoundTripper
	// OnSet is called with the outcome of each Set-Cookie line. It may be nil.
	OnSet func(r *Request, line string, why cookie.Reasons)
}

type requestKey struct{}

// WithRequest gives the Kind, TopLevel, Ancestors and Initiator of r to requests with the context. Their URL, Method
// and Redirects are always those of the request itself.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	r, _ := req.Context().Value(requestKey{}).(Request)
	r.URL, r.Method, r.Script = req.URL, req.Method, false
	r.Redirects = redirects(req)
	req = t.withCookies(req, &r)
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	outcomes := t.Jar.Receive(&r, resp.Header)
	if t.OnSet != nil {
		for i, line := range resp.Header["Set-Cookie"] {
			t.OnSet(&r, line, outcomes[i])
		}
	}
	return resp, nil
}

// withCookies returns the request with the jar's cookies behind its own. A round tripper must not change a request.
func (t *Transport) withCookies(req *http.Request, r *Request) *http.Request {
	own := ownCookies(req)
	header := t.Jar.Header(r)
	if own != "" && header != "" {
		header = "; " + header
	}
	if header = own + header; header == strings.Join(req.Header["Cookie"], "; ") {
		return req
	}
	req = req.Clone(req.Context())
	if req.Header.Del("Cookie"); header != "" {
		req.Header.Set("Cookie", header)
	}
	return req
}

// ownCookies is the Cookie header of the request itself, without what the redirects before it have set anew.
func ownCookies(req *http.Request) string {
	own := strings.Join(req.Header["Cookie"], "; ")
	if own == "" || req.Response == nil {
		return own
	}
	stale := map[string]bool{}
	for resp := req.Response; resp != nil; {
		for _, line := range resp.Header["Set-Cookie"] {
			p := cookie.Parse(line)
			stale[p.Name] = true
		}
		before := resp.Request
		if resp = nil; before != nil {
			resp = before.Response
		}
	}
	var kept []string
	for name, value := range cookie.All(req.Header["Cookie"]) {
		switch {
		case stale[name]:
		case name == "":
			kept = append(kept, value)
		default:
			kept = append(kept, name+"="+value)
		}
	}
	return strings.Join(kept, "; ")
}

// redirects returns the URLs before a request in its chain of redirects, as http.Client keeps them.
func redirects(req *http.Request) []*url.URL {
	var chain []*url.URL
	for resp := req.Response; resp != nil && resp.Request != nil; resp = resp.Request.Response {
		chain = append(chain, resp.Request.URL)
	}
	slices.Reverse(chain)
	return chain
}
