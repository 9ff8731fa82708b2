package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"coatcheck.dev/cookie"
	"coatcheck.dev/internal/weburl"
	"coatcheck.dev/jar"
)

// Headers are those of responses as curl writes them: -D, -i, or -v. [Options.URL] is that of the first request; each
// redirect leads to the next. Bodies are skipped. Expires is counted from the response's Date.
var Headers = Format{
	name: "headers", about: "headers as curl -D, -i or -v writes them, only read; needs --url",
	sign:  "a status line such as HTTP/2 200, or Set-Cookie lines",
	sniff: sniffHeaders, read: readHeaders,
}

// errNoURL says what is missing.
var errNoURL = errors.New("the file does not say where its cookies belong; say the URL (--url)")

func sniffHeaders(head []byte) bool {
	for line := range bytes.Lines(head) {
		text := headerLine(string(bytes.TrimRight(line, "\r\n")))
		_, setCookie := cutPrefixFold(text, "Set-Cookie:")
		switch {
		case isStatus(text) || setCookie:
			return true
		case text != "" && !strings.HasPrefix(text, "* ") && !strings.HasPrefix(text, ">"):
			return false
		}
	}
	return false
}

// headerLine takes away what curl -v puts in front.
func headerLine(line string) string {
	if line == "<" {
		return ""
	}
	return strings.TrimPrefix(line, "< ")
}

// isStatus reports whether a line begins a response, such as HTTP/1.1 200 OK.
func isStatus(line string) bool {
	version, rest, ok := strings.Cut(line, " ")
	return ok && strings.HasPrefix(version, "HTTP/") && len(version) <= len("HTTP/1.1") && len(rest) >= 3 &&
		strings.Trim(rest[:3], "0123456789") == ""
}

// A dump is a response whose headers are read.
type dump struct {
	*sink
	url      *url.URL
	header   http.Header
	redirect bool
	body     bool
	lines    []dumpLine
	folds    bool // the last line may go on in the next one, as old servers write it
}

type dumpLine struct {
	at    place
	value string
}

func readHeaders(in *bufio.Reader, o *Options, s *sink) error {
	if o.URL == nil {
		return errNoURL
	}
	d := dump{sink: s, url: o.URL, header: http.Header{}}
	err := eachLine(in, func(n int, line []byte, _, long bool) {
		d.line(place{unit: "line", n: n}, headerLine(string(line)), long)
	})
	d.end()
	if err == nil && s.Entries() == 0 {
		err = fmt.Errorf("%w: no response in it sets a cookie", ErrNothing)
	}
	return err
}

func (d *dump) line(at place, line string, long bool) {
	if isStatus(line) {
		d.end()
		_, code, _ := strings.Cut(line, " ")
		d.redirect, d.body = code[0] == '3', false
		return
	}
	if line == "" {
		d.body, d.folds = true, false
	}
	if d.folds && line != "" && strings.IndexByte(" \t", line[0]) >= 0 {
		d.lines[len(d.lines)-1].value += " " + strings.Trim(line, " \t")
		return
	}
	name, value, ok := strings.Cut(line, ":")
	if d.body || !ok {
		return
	}
	name, value = strings.TrimRight(name, " \t"), strings.Trim(value, " \t")
	d.folds = false
	switch {
	case !strings.EqualFold(name, "Set-Cookie"):
		d.header.Add(name, value)
	case long:
		d.leaveOut(at, nil, "it is too long for a cookie")
	default:
		d.folds = true
		d.lines = append(d.lines, dumpLine{at, value})
	}
}

// end takes the cookies of the response and goes on to the target of its redirect.
func (d *dump) end() {
	r := jar.Request{URL: d.url, Kind: jar.Navigation}
	r.Date, _ = http.ParseTime(d.header.Get("Date"))
	for _, header := range d.lines {
		for line, changes := range unfold(header.value) {
			p := cookie.Parse(line)
			c, why := jar.Spec.Decide(&p, &r, d.now)
			if why.Excluded() {
				d.leaveOut(header.at, &c, "a browser refuses it: "+why.Exclusions().String())
				continue
			}
			d.add(header.at, &c, changes...)
		}
	}
	if location := d.header.Get("Location"); d.redirect && location != "" {
		if u, err := weburl.Resolve(d.url, location); err == nil && u.Host != "" {
			d.url = u
		}
	}
	d.lines, d.header, d.redirect = nil, http.Header{}, false
}

// CookieHeader is the value of a Cookie header, or of document.cookie: "a=1; b=2". [Options.URL] is where it was sent,
// which is all that is known: the cookies count as those of that host, for all paths, until the session ends.
var CookieHeader = Format{
	name: "cookie-header", about: `a Cookie header such as "a=1; b=2", only read; needs --url`,
	sign:  "a line of name=value pairs with ; between, or Cookie: in front",
	sniff: sniffCookieHeader, read: readCookieHeader,
}

func sniffCookieHeader(head []byte) bool {
	text := strings.TrimSpace(string(head))
	if _, ok := cutPrefixFold(text, "Cookie:"); ok {
		for line := range strings.Lines(text) { // several ones, as HTTP/2 sends them
			if _, ok := cutPrefixFold(strings.TrimSpace(line), "Cookie:"); !ok && strings.TrimSpace(line) != "" {
				return false
			}
		}
		return true
	}
	name, _, ok := strings.Cut(text, "=")
	name = strings.TrimSpace(name)
	return ok && name != "" && !strings.ContainsAny(name, " \t\"<>{}[]():;,#") && !strings.ContainsAny(text, "\n\t<")
}

func readCookieHeader(in *bufio.Reader, o *Options, s *sink) error {
	if o.URL == nil {
		return errNoURL
	}
	return eachLine(in, func(n int, raw []byte, _, long bool) {
		line, _ := cutPrefixFold(strings.TrimSpace(string(raw)), "Cookie:")
		if long {
			s.leaveOut(place{unit: "line", n: n}, nil, "it is too long for a header")
			return
		}
		k := 0
		for pair := range strings.SplitSeq(line, ";") {
			if pair = strings.Trim(pair, " \t"); pair == "" {
				continue
			}
			name, value, ok := strings.Cut(pair, "=")
			if !ok {
				name, value = "", name
			}
			k++
			c := sentTo(strings.TrimSpace(name), strings.TrimSpace(value), o.URL)
			s.add(place{unit: "line", n: n}.in("cookie", k), &c, guessed)
		}
	})
}
