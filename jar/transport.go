package jar

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"coatcheck.dev/cookie"
)

// Transport is an [http.RoundTripper] with a jar. It sees more than an [http.CookieJar]: the lines as they were sent,
// the context of a request ([WithRequest]) and its redirects. Use it in an [http.Client] without a Jar:
//
//	client := &http.Client{Transport: &jar.Transport{Jar: j}}
//
// A Cookie header of the request itself is sent in front of the jar's cookies.
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
	if header := t.Jar.Header(&r); header != "" {
		req = req.Clone(req.Context())
		if own := req.Header.Get("Cookie"); own != "" {
			header = own + "; " + header
		}
		req.Header.Set("Cookie", header)
	}
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	for _, line := range resp.Header["Set-Cookie"] {
		why := t.Jar.Set(&r, line)
		if t.OnSet != nil {
			t.OnSet(&r, line, why)
		}
	}
	return resp, nil
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
