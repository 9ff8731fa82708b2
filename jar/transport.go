package jar

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"coatcheck.dev/cookie"
)

// Transport is an [http.RoundTripper] that sends and takes the cookies of a jar. It sees what [http.CookieJar] does not: the
// lines as they were sent, the request's context ([WithRequest]) and its redirects. Use it in an [http.Client] that has no
// Jar of its own:
//
//	client := &http.Client{Transport: &jar.Transport{Jar: j}}
//
// A Cookie header that the request has already is sent in front of the jar's cookies.
type Transport struct {
	Jar *Jar
	// Base does the work; nil is http.DefaultTransport.
	Base http.RoundTripper
	// OnSet, if there is one, is told what became of each Set-Cookie line.
	OnSet func(r *Request, line string, why cookie.Reasons)
}

type requestKey struct{}

// WithRequest gives requests made with the context the Kind, TopLevel, Ancestors and Initiator of r. URL, Method and Redirects
// are those of the request itself, whatever r says.
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

// redirects returns the URLs that have led to a request; http.Client keeps them with it.
func redirects(req *http.Request) []*url.URL {
	var chain []*url.URL
	for resp := req.Response; resp != nil && resp.Request != nil; resp = resp.Request.Response {
		chain = append(chain, resp.Request.URL)
	}
	slices.Reverse(chain)
	return chain
}
