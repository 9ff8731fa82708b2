package format

import (
	"net/url"
	"strings"

	"coatcheck.dev/internal/weburl"
)

// A dumpRequest is what is known of a request before its response comes.
type dumpRequest struct {
	open   bool // its headers are read
	method string
	target string
	tls    bool     // the connection has TLS
	url    *url.URL // that curl says it asks for next
}

// note hears what curl -v tells beside the headers.
func (r *dumpRequest) note(text string) {
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, "Trying "):
		r.tls = false
	case strings.HasPrefix(text, "SSL connection using "):
		r.tls = true
	}
	for _, before := range []string{"Issue another request to this URL: '", "OPENED stream for "} {
		if _, rest, ok := strings.Cut(text, before); ok {
			r.url, _ = weburl.Parse(strings.TrimSuffix(rest, "'"))
		}
	}
}

// visits takes a line in which wget names the URL, such as "--2026-11-30 18:37:30--  http://example.com/".
func (d *dump) visits(line string) bool {
	_, text, ok := strings.Cut(line[2:], "--  ")
	if !ok {
		return false
	}
	u := parseAbsolute(strings.TrimSpace(text))
	if u == nil {
		return false
	}
	d.end()
	d.url, d.answered, d.body = u, false, true
	return true
}

// asks takes a line of a request. Its Host ends what is to be known of the URL.
func (d *dump) asks(at place, line string) {
	r := &d.request
	if method, target, ok := cutRequestLine(line); ok {
		r.open, r.method, r.target, d.answered = true, method, target, false
		if u := parseAbsolute(target); u != nil {
			d.url = u
		}
		return
	}
	name, value, ok := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	switch {
	case line == "":
		r.open, d.body = false, true
	case !ok || !r.open:
	case strings.EqualFold(name, "Host"):
		d.asksHost(value)
	case strings.EqualFold(name, "Cookie"):
		d.carries(at, value)
	}
}

// asksHost works out the URL of a request.
func (d *dump) asksHost(host string) {
	r := &d.request
	if r.method == "CONNECT" || strings.Contains(r.target, "://") {
		return
	}
	scheme := "http"
	switch {
	case r.url != nil && r.url.Host == host:
		scheme = r.url.Scheme
	case d.url != nil && d.url.Host == host:
		scheme = d.url.Scheme
	case r.tls || strings.HasSuffix(host, ":443"):
		scheme = "https"
	}
	if u := parseAbsolute(scheme + "://" + host + r.target); u != nil {
		d.url = u
	}
	r.url = nil
}

// carries takes the cookies of a request.
func (d *dump) carries(at place, header string) {
	if d.url == nil {
		d.leaveOut(at, nil, errNoURL.Error())
		return
	}
	d.sent.header(at, header, d.url, nil)
}
