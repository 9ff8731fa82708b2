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

// A Visitor visits a site as one Chrome: it has no cookies at first, keeps those that it gets, and follows redirects.
// It is for one goroutine.
type Visitor struct {
	// Send makes a request, and returns the status and header of the response.
	Send func(*http.Request) (status int, header http.Header, err error)

	// StayOnHost ends a visit at a redirect to another host.
	StayOnHost bool

	jar *jar.Jar
}

// Visit makes a request and follows its redirects. It returns every response, even with an error: that of Send, of a
// target that is no URL, or of more than MaxRedirects.
func (v *Visitor) Visit(r *http.Request) (seen []Response, err error) {
	if v.jar == nil {
		v.jar = jar.New(jar.Options{Profile: jar.Chrome})
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
	if cookies := v.jar.Header(from); cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	status, header, err := v.Send(r)
	if err != nil {
		return nil, nil, err
	}
	v.jar.Receive(from, header)
	location := header.Get("Location")
	if location == "" || status < 300 || status > 399 {
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
	return header, next, nil
}
