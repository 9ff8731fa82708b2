package check

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"coatcheck.dev/internal/weburl"
	"coatcheck.dev/lint"
)

const (
	timeout   = 30 * time.Second // for one page with all its redirects
	maxHeader = 1 << 20          // bytes of the header of a response
)

// A Fetcher fetches pages as one browser without cookies at first: the next page gets the cookies of this one. Bodies
// are not read. It is for one goroutine.
type Fetcher struct {
	transport http.RoundTripper
	visitor   lint.Visitor
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
	return f
}

// Fetch gets a page and follows its redirects. It returns every response. A page that cannot be fetched, or redirects
// without end, is an [Error].
func (f *Fetcher) Fetch(ctx context.Context, page string) ([]lint.Response, error) {
	u, err := parseURL(page)
	if err != nil {
		return nil, &Error{Usage, err}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	if err != nil {
		return nil, err
	}
	r.URL, r.Host = u, u.Host // net/http would not read every URL that browsers take
	seen, err := f.visitor.Visit(r)
	if err != nil {
		return nil, &Error{Unreachable, fmt.Errorf("fetch %s: %w", page, err)}
	}
	return seen, nil
}

func parseURL(text string) (*url.URL, error) {
	u, err := weburl.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%.80q is not a URL such as https://shop.example/", text)
	}
	return u, nil
}
