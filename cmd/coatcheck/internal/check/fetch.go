package check

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"coatcheck.dev/jar"
	"coatcheck.dev/lint"
)

const (
	maxHops   = 20               // redirects that are followed, as in Chromium
	timeout   = 30 * time.Second // for one page with all its redirects
	maxHeader = 1 << 20          // bytes of the header of a response
)

// A Fetcher fetches pages as one browser that begins without cookies: the next page gets what this one sets. Bodies are
// not read. It is for one goroutine.
type Fetcher struct {
	transport http.RoundTripper
	jar       *jar.Jar
}

// NewFetcher returns a Fetcher. A nil transport stands for one like [http.DefaultTransport].
func NewFetcher(transport http.RoundTripper) *Fetcher {
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxResponseHeaderBytes = maxHeader
		transport = own
	}
	return &Fetcher{transport, jar.New(jar.Options{Profile: jar.Chrome})}
}

// Fetch asks for a page, follows its redirects, and returns all responses. A page that cannot be fetched, or redirects
// without end, is an error.
func (f *Fetcher) Fetch(ctx context.Context, page string) ([]lint.Response, error) {
	u, err := parseURL(page)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var seen []lint.Response
	var hops []*url.URL
	for u != nil {
		if len(hops) > maxHops {
			return nil, fmt.Errorf("fetch %s: more than %d redirects", page, maxHops)
		}
		response, next, err := f.hop(ctx, u, slices.Clone(hops))
		if err != nil {
			return nil, fmt.Errorf("fetch %s: %w", page, err)
		}
		seen = append(seen, response)
		hops = append(hops, u)
		u = next
	}
	return seen, nil
}

// hop makes one request, and returns where it redirects to.
func (f *Fetcher) hop(ctx context.Context, u *url.URL, hops []*url.URL) (lint.Response, *url.URL, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return lint.Response{}, nil, err
	}
	r.Header.Set("User-Agent", "coatcheck check")
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	from := &jar.Request{URL: u, Kind: jar.Navigation, Redirects: hops}
	if cookies := f.jar.Header(from); cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	status, header, err := f.roundTrip(r)
	if err != nil {
		return lint.Response{}, nil, err
	}
	response := lint.Response{URL: u, SetCookie: header["Set-Cookie"], Redirects: hops, At: time.Now()}
	for _, line := range response.SetCookie {
		f.jar.Set(from, line)
	}
	location := header.Get("Location")
	if location == "" || status < 300 || status > 399 {
		return response, nil, nil
	}
	next, err := u.Parse(location)
	if err != nil {
		return response, nil, fmt.Errorf("redirect to %.80q: %w", location, err)
	}
	if next.Scheme != "http" && next.Scheme != "https" {
		return response, nil, nil // an app's own scheme, where a browser leaves the web
	}
	return response, next, nil
}

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%.80q is not a URL such as https://shop.example/", text)
	}
	return u, nil
}
