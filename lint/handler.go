package lint

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"
	"time"

	"coatcheck.dev/jar"
)

// T is what [Handler] needs of a *testing.T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

// testSite is where requests without a host go to.
const testSite = "https://www.site.example"

// maxHops is how many redirects are followed, as in Chromium.
const maxHops = 20

// Get returns a request for [Handler].
func Get(path string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, testSite+path, nil)
	if err != nil {
		panic("lint: " + err.Error()) // it is a constant of somebody's test
	}
	return r
}

// PostForm returns a request for [Handler], with names and values of fields in turn, sent by a page of the site itself.
func PostForm(path string, fields ...string) *http.Request {
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, testSite+path, strings.NewReader(form.Encode()))
	if err != nil {
		panic("lint: " + err.Error())
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", testSite)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

// Handler plays requests to h, one after the other, as one Chrome that has no cookies at first and follows redirects within
// the site. Without requests, it gets "/". Every finding but a Note fails the test. The requests look as if they came over
// https. The report is for tests that want to know more.
func Handler(t T, h http.Handler, requests ...*http.Request) *Report {
	t.Helper()
	if len(requests) == 0 {
		requests = []*http.Request{Get("/")}
	}
	now := time.Now()
	kept := jar.New(jar.Options{Profile: jar.Chrome})
	var seen []Response
	for _, r := range requests {
		var hops []*url.URL
		for r != nil && len(hops) <= maxHops {
			response, next := serve(h, r, kept, hops)
			seen = append(seen, response)
			hops = append(hops[:len(hops):len(hops)], r.URL)
			r = next
		}
	}
	report := Check(seen, now)
	for i := range report.Cookies {
		c := &report.Cookies[i]
		for _, f := range c.Findings {
			if f.Rule.Severity >= Warning {
				t.Errorf("%s %s: cookie %q: %s: %s [%s]", f.Rule.Severity, c.URL.Path, c.Line.Name, f.Rule.ID, f.Message, f.Rule.Citation)
			}
		}
	}
	return report
}

// serve plays one request, and returns the one that follows from a redirect.
func serve(h http.Handler, r *http.Request, kept *jar.Jar, hops []*url.URL) (Response, *http.Request) {
	r = r.Clone(r.Context())
	r.Host, r.RequestURI, r.RemoteAddr = r.URL.Host, r.URL.RequestURI(), "192.0.2.1:1234"
	r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	context := &jar.Request{URL: r.URL, Method: r.Method, Kind: jar.Navigation, Redirects: hops}
	if header := kept.Header(context); header != "" {
		r.Header.Set("Cookie", header)
	}
	w := &recorder{header: http.Header{}}
	h.ServeHTTP(w, r)
	w.WriteHeader(http.StatusOK)
	for _, line := range w.sent["Set-Cookie"] {
		kept.Set(context, line)
	}
	response := Response{URL: r.URL, SetCookie: w.sent["Set-Cookie"], Redirects: hops}
	target, err := r.URL.Parse(w.sent.Get("Location"))
	if err != nil || w.status < 300 || w.status > 399 || w.sent.Get("Location") == "" || target.Host != r.URL.Host {
		return response, nil
	}
	next, err := http.NewRequestWithContext(r.Context(), http.MethodGet, target.String(), bytes.NewReader(nil))
	if err != nil {
		return response, nil
	}
	return response, next
}

// recorder keeps what counts of a response. That of net/http/httptest would bring its flags into every program.
type recorder struct {
	header, sent http.Header
	status       int
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(p), nil
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status, w.sent = status, w.header.Clone()
	}
}
