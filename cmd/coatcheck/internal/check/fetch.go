package check

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/internal/weburl"
	"coatcheck.dev/jar"
	"coatcheck.dev/lint"
)

const (
	timeout   = 30 * time.Second // for one page with all its redirects
	maxHeader = 1 << 20          // bytes of the header of a response

	maxRefreshes = 5 // pages that send their visitor on, one after the other
)

// A Fetcher fetches pages as one browser: the next page gets the cookies of this one. It is for one goroutine.
type Fetcher struct {
	// Header is sent with every request to a host of Hosts, and to no other.
	Header http.Header
	Hosts  []string

	transport http.RoundTripper
	visitor   lint.Visitor

	page pageHTML // the last one
}

// NewFetcher returns a Fetcher. A nil transport stands for one like [http.DefaultTransport].
func NewFetcher(transport http.RoundTripper) *Fetcher {
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxResponseHeaderBytes = maxHeader
		transport = own
	}
	f := &Fetcher{transport: transport}
	f.visitor.Send = f.roundTrip
	f.visitor.Jar = jar.New(jar.Options{Profile: jar.Chrome})
	return f
}

// Fetch makes a request and follows its redirects, and pages that send their visitor on by Refresh. It returns every
// response. A body is a form that a page of the same origin sends, unless Header says what it is. A page that cannot be
// fetched, or redirects without end, is an [Error], beside the responses before it.
func (f *Fetcher) Fetch(ctx context.Context, method, page, body string) ([]lint.Response, error) {
	u, err := parseURL(page)
	if err != nil {
		return nil, &Error{Usage, err}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "/", nil)
	if err != nil {
		return nil, &Error{Usage, err}
	}
	r.URL, r.Host = u, u.Host // net/http would not read every URL that browsers take
	if method != http.MethodGet && method != http.MethodHead {
		r.Header.Set("Origin", u.Scheme+"://"+u.Host)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
		r.Body, _ = r.GetBody()
		r.ContentLength = int64(len(body))
	}
	f.page = pageHTML{}
	seen, err := f.visitor.Visit(r)
	for n := 0; err == nil && f.page.refresh != nil && !visited(seen, f.page.refresh) && n < maxRefreshes; n++ {
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
		r.URL, r.Host = f.page.refresh, f.page.refresh.Host
		f.page = pageHTML{}
		var more []lint.Response
		more, err = f.visitor.Visit(r)
		seen = append(seen, more...)
	}
	if err != nil {
		return seen, &Error{Unreachable, fmt.Errorf("fetch %s: %w", page, err)}
	}
	return seen, nil
}

// visited reports whether a page was seen, as one that refreshes itself.
func visited(seen []lint.Response, page *url.URL) bool {
	return slices.ContainsFunc(seen, func(r lint.Response) bool { return r.URL.String() == page.String() })
}

func parseURL(text string) (*url.URL, error) {
	u, err := weburl.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%.80q is not a URL such as https://shop.example/", text)
	}
	return u, nil
}
