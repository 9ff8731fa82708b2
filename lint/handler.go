package lint

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// T is the part of a *testing.T that [Handler] needs.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

// testSite is the site of requests without a host.
const testSite = "https://www.site.example"

// Get returns a request for [Handler].
func Get(path string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, testSite+path, nil)
	if err != nil {
		panic("lint: " + err.Error()) // the path is a constant of a test
	}
	return r
}

// PostForm returns a request for [Handler] with names and values of fields in turn. A page of the site itself sends it.
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

// Handler plays requests to h in order, as one [Visitor] that stays on the site. Without requests it gets "/". The
// requests look as if they came over https. Every finding but a Note fails the test. The report has the details.
func Handler(t T, h http.Handler, requests ...*http.Request) *Report {
	t.Helper()
	if len(requests) == 0 {
		requests = []*http.Request{Get("/")}
	}
	visitor := Visitor{StayOnHost: true, Send: func(r *http.Request) (int, http.Header, error) {
		w := serve(h, r)
		return w.status, w.sent, nil
	}}
	var seen []Response
	for _, r := range requests {
		more, _ := visitor.Visit(r) // a bad redirect is not about cookies
		seen = append(seen, more...)
	}
	report := Check(seen, time.Now())
	for i := range report.Cookies {
		c := &report.Cookies[i]
		for _, f := range c.Findings {
			if f.Rule.Severity >= Warning {
				t.Errorf("%s %s: cookie %q: %s: %s [%s]",
					f.Rule.Severity, c.URL.Path, c.Line.Name, f.Rule.ID, f.Message, f.Rule.Citation)
			}
		}
	}
	return report
}

// serve plays a client's request to a server.
func serve(h http.Handler, r *http.Request) *recorder {
	r.Host, r.RequestURI, r.RemoteAddr = r.URL.Host, r.URL.RequestURI(), "192.0.2.1:1234"
	r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := &recorder{header: http.Header{}}
	h.ServeHTTP(w, r)
	w.WriteHeader(http.StatusOK)
	return w
}

// recorder keeps the status and header of a response. The one of httptest would add its flags to every program.
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
