package lint

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"coatcheck.dev/internal/weburl"
	"coatcheck.dev/jar"
)

// MaxRedirects is the largest number of redirects in a visit, as in Chromium.
const MaxRedirects = 20

// A Visitor visits a site as one Chrome: it keeps the cookies that it gets, and follows redirects.
// It is for one goroutine.
type Visitor struct {
	// Send makes a request, and returns the status and header of the response.
	Send func(*http.Request) (status int, header http.Header, err error)

	// StayOnHost ends a visit at a redirect to another host.
	StayOnHost bool

	// Jar has the cookies from before, and gets those that come. nil is an empty one as Chrome has it.
	Jar *jar.Jar
}

// Visit makes a request and follows its redirects. It returns every response, even with an error: that of Send, of a
// target that is no URL, or of more than MaxRedirects.
func (v *Visitor) Visit(r *http.Request) (seen []Response, err error) {
	if v.Jar == nil {
		v.Jar = jar.New(jar.Options{Profile: jar.Chrome})
	}
	for hops := []*url.URL(nil); r != nil; {
		if len(hops) > MaxRedirects {
			return seen, fmt.Errorf("more than %d redirects", MaxRedirects)
		}
		header, next, err := v.hop(r, hops)
		if header != nil {
			date, _ := http.ParseTime(header.Get("Date"))
			seen = append(seen, Response{URL: r.URL, SetCookie: header["Set-Cookie"], Redirects: hops, At: time.Now(),
				Date: date, ClearSiteData: header["Clear-Site-Data"]})
		}
		if err != nil {
			return seen, err
		}
		hops = append(hops[:len(hops):len(hops)], r.URL)
		r = next
	}
	return seen, nil
}

// hop makes one request, and returns the next one if there is a redirect.
func (v *Visitor) hop(r *http.Request, hops []*url.URL) (http.Header, *http.Request, error) {
	from := &jar.Request{URL: r.URL, Method: r.Method, Kind: jar.Navigation, Redirects: hops}
	r = r.Clone(r.Context())
	if cookies := v.Jar.Header(from); cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	status, header, err := v.Send(r)
	if err != nil {
		return nil, nil, err
	}
	v.Jar.Receive(from, header)
	location := header.Get("Location")
	if location == "" || !redirects[status] {
		return header, nil, nil
	}
	target, err := weburl.Resolve(r.URL, location)
	if err != nil {
		return header, nil, fmt.Errorf("redirect to %.80q: %w", location, err)
	}
	if target.Scheme != "http" && target.Scheme != "https" || v.StayOnHost && target.Host != r.URL.Host {
		return header, nil, nil // an app's own scheme leaves the web
	}
	next, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "/", nil)
	if err != nil {
		return header, nil, err
	}
	next.URL, next.Host = target, target.Host // net/http would not read every URL that browsers follow
	if keepsMethod(status, r.Method) {
		next.Method = r.Method
		if target.Scheme == r.URL.Scheme && target.Host == r.URL.Host {
			for _, name := range []string{"Origin", "Sec-Fetch-Site"} {
				if r.Header[name] != nil {
					next.Header[name] = r.Header[name]
				}
			}
		}
		if r.GetBody != nil {
			next.Header.Set("Content-Type", r.Header.Get("Content-Type"))
			next.ContentLength, next.GetBody = r.ContentLength, r.GetBody
			next.Body, err = r.GetBody()
		}
	}
	return header, next, err
}

// redirects are the statuses that a browser follows (https://fetch.spec.whatwg.org/#redirect-status).
var redirects = map[int]bool{301: true, 302: true, 303: true, 307: true, 308: true}

// keepsMethod reports whether the next request has the method of the last, and its body
// (https://fetch.spec.whatwg.org/#http-redirect-fetch).
func keepsMethod(status int, method string) bool {
	switch status {
	case 301, 302:
		return method != http.MethodPost
	case 303:
		return method == http.MethodGet || method == http.MethodHead
	}
	return true
}
