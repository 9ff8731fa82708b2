package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"coatcheck.dev/cookie"
	"coatcheck.dev/internal/weburl"
	"coatcheck.dev/jar"
)

// Headers are those of responses as curl writes them (-D, -i, -v), wget (-S, -d) and HTTPie (-v), or as proxies save
// them, with the request before the response. Where no request is told, [Options.URL] is that of the first one; each
// redirect leads to the next. Bodies are skipped. Expires is counted from the response's Date. Cookies that requests
// have carried and no response has set are read as in [HAR].
var Headers = Format{
	name: "headers", about: "headers of curl -D, -i or -v and wget -S, only read; needs --url without requests",
	sign:  "a status line such as HTTP/2 200, or Set-Cookie lines",
	sniff: sniffHeaders, read: readHeaders,
}

// errNoURL says what is missing.
var errNoURL = errors.New("the file does not say where its cookies belong; say the URL (--url)")

func sniffHeaders(head []byte) bool {
	request := false
	for raw := range bytes.Lines(head) {
		line := strings.TrimRight(string(raw), "\r\n")
		text := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(line, "< "), "> "), "  ")
		_, setCookie := cutPrefixFold(text, "Set-Cookie:")
		_, sent := cutPrefixFold(text, "Cookie:")
		_, _, asks := cutRequestLine(text)
		request = request || asks
		switch {
		case isStatus(text) || setCookie || request && sent:
			return true
		case request && strings.Contains(text, ":"):
		case !isChatter(line) && !asks:
			return false
		}
	}
	return false
}

// chatter begins the lines that curl and wget write before the headers.
var chatter = []string{
	"* ", ">", "{ [", "} [", "  % Total", "    ", "\r", "--", "Resolving ", "Connecting to ", "Reusing existing ",
	"HTTP request sent", "Setting --", "DEBUG output", "Reading HSTS", "URI encoding", "Caching ", "Created socket",
	"Releasing ", "Spider mode", "Warning: ",
}

func isChatter(line string) bool {
	for _, begin := range chatter {
		if strings.HasPrefix(line, begin) {
			return true
		}
	}
	return line == ""
}

// isStatus reports whether a line begins a response, such as HTTP/1.1 200 OK.
func isStatus(line string) bool {
	version, rest, ok := strings.Cut(line, " ")
	return ok && strings.HasPrefix(version, "HTTP/") && len(version) <= len("HTTP/1.1") && len(rest) >= 3 &&
		strings.Trim(rest[:3], "0123456789") == ""
}

// cutRequestLine reads a line that begins a request, such as GET /a HTTP/1.1.
func cutRequestLine(line string) (method, target string, ok bool) {
	part := strings.Split(line, " ")
	if len(part) != 3 || !strings.HasPrefix(part[2], "HTTP/") || part[1] == "" || part[0] == "" ||
		strings.Trim(part[0], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", "", false
	}
	return part[0], part[1], true
}

// ReadHeaders reads the exchanges of a file in the format [Headers], in order, and calls take with each whose URL is
// known. u is that of the first one, where no request is told; it may be nil. The error is that of the reader, or that
// no URL is known.
func ReadHeaders(r io.Reader, u *url.URL, take func(Exchange), lose func(Loss)) error {
	s := &sink{lose: lose}
	d := dump{sink: s, url: u, header: http.Header{}, sent: newSentCookies(), exchange: take}
	if err := d.read(newInput(r)); err != nil {
		return fmt.Errorf("read headers: %w", err)
	}
	if s.LeftOut > 0 && d.url == nil {
		return fmt.Errorf("read headers: %w", errNoURL)
	}
	return nil
}

// A dump is the exchange whose headers are read.
type dump struct {
	*sink
	exchange func(Exchange) // takes the exchanges in place of their cookies; nil for nobody
	hops     []*url.URL     // the redirects before this response

	style   dumpStyle
	request dumpRequest
	sent    sentCookies

	url      *url.URL // nil is not known
	header   http.Header
	code     string
	body     bool
	lines    []dumpLine
	folds    bool // the last line may go on in the next one, as old servers write it
	answered bool // the last response was the end of its request
	unsure   bool // this response may be of another URL
}

type dumpLine struct {
	at    place
	value string
}

// A dumpStyle is how a program marks headers, which tells them from bodies.
type dumpStyle uint8

const (
	plainDump    dumpStyle = iota
	verboseDump            // of curl -v: < before headers
	indentedDump           // of wget -S: two spaces before headers
)

func readHeaders(in *bufio.Reader, o *Options, s *sink) error {
	d := dump{sink: s, url: o.URL, header: http.Header{}, sent: newSentCookies()}
	err := d.read(in)
	d.sent.each(func(c *sentCookie) { s.add(c.at, &c.Cookie, c.changes...) })
	if err == nil && s.Entries() == 0 {
		err = fmt.Errorf("%w: no response in it sets a cookie", ErrNothing)
	}
	return err
}

func (d *dump) read(in *bufio.Reader) error {
	err := eachLine(in, func(n int, line []byte, _, long bool) {
		d.raw(place{unit: "line", n: n}, string(line), long)
	})
	d.end()
	return err
}

// raw takes a line as it is in the file.
func (d *dump) raw(at place, line string, long bool) {
	indented, isIndented := strings.CutPrefix(line, "  ")
	switch {
	case line == "<" || strings.HasPrefix(line, "< "):
		d.style = verboseDump
		d.line(at, strings.TrimPrefix(line[1:], " "), long)
	case line == ">" || strings.HasPrefix(line, "> "):
		d.end()
		d.asks(at, strings.TrimPrefix(line[1:], " "))
	case strings.HasPrefix(line, "* "):
		d.request.note(line[2:])
	case d.style == verboseDump: // bodies stand between the headers
	case strings.HasPrefix(line, "--") && d.visits(line):
	case isIndented && (isStatus(indented) || d.style == indentedDump && !d.body):
		d.style = indentedDump
		d.line(at, indented, long)
	case d.style == indentedDump:
		d.body = true
	default:
		d.plain(at, line, long)
	}
}

// plain takes a line of a file where nothing marks headers.
func (d *dump) plain(at place, line string, long bool) {
	if d.body || d.code == "" {
		if method, _, ok := cutRequestLine(line); ok && method != "" || d.request.open {
			d.end()
			d.asks(at, line)
			return
		}
	}
	if d.body {
		line = line[max(statusAt(line), 0):]
	}
	d.line(at, line, long)
}

// statusAt returns where a status line begins in the last line of a body, which need not end; -1 for nowhere.
func statusAt(line string) int {
	i := strings.LastIndex(line, "HTTP/")
	if i > 0 && isStatus(line[i:]) && !strings.ContainsAny(line[i:], "<>\"'") {
		return i
	}
	return -1
}

// line takes a line of a response, without its mark.
func (d *dump) line(at place, line string, long bool) {
	if isStatus(line) {
		d.begin(line)
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

// begin begins a response. It may be of another URL if the one before was no reason to ask again.
func (d *dump) begin(status string) {
	d.end()
	_, d.code, _ = strings.Cut(status, " ")
	d.body, d.unsure = false, d.answered
	d.answered = d.code[0] != '1' && d.code[0] != '3' && d.code[:3] != "401" && d.code[:3] != "407" &&
		!strings.HasSuffix(strings.ToLower(d.code), "connection established")
}

// end takes the cookies of the response and goes on to the target of its redirect.
func (d *dump) end() {
	if d.exchange != nil && d.url != nil && d.code != "" && d.code[0] != '1' {
		d.exchange(d.made())
	} else {
		for _, header := range d.lines {
			d.take(header)
		}
	}
	redirect := strings.HasPrefix(d.code, "3")
	if d.code != "" && !redirect {
		d.hops = nil
	}
	if location := d.header.Get("Location"); redirect && location != "" && d.url != nil {
		if u, err := weburl.Resolve(d.url, location); err == nil && u.Host != "" {
			d.hops = append(d.hops[:len(d.hops):len(d.hops)], d.url)
			d.url = u
		}
	}
	d.lines, d.header, d.code = nil, http.Header{}, ""
}

// made is the exchange that ends.
func (d *dump) made() Exchange {
	x := Exchange{Request: d.asked(), ClearSiteData: d.header.Values("Clear-Site-Data")}
	x.Request.Redirects = d.hops
	for _, line := range d.lines {
		x.SetCookie = append(x.SetCookie, line.value)
	}
	return x
}

// asked is the request of this response.
func (d *dump) asked() jar.Request {
	r := jar.Request{URL: d.url, Kind: jar.Navigation}
	r.Date, _ = http.ParseTime(d.header.Get("Date"))
	return r
}

// take takes the cookies of a Set-Cookie header.
func (d *dump) take(header dumpLine) {
	if d.url == nil {
		d.leaveOut(header.at, nil, errNoURL.Error())
		return
	}
	if strings.HasPrefix(d.code, "1") {
		d.leaveOut(header.at, nil, "browsers take no cookies of a response that is only on its way (1xx)")
		return
	}
	r := d.asked()
	for line, changes := range unfold(header.value) {
		p := cookie.Parse(line)
		c, why := jar.Spec.Decide(&p, &r, d.now)
		if why.Excluded() {
			d.leaveOut(header.at, &c, "a browser refuses it: "+why.Exclusions().String())
			continue
		}
		if d.unsure {
			changes = append(changes[:len(changes):len(changes)],
				"taken as one of the same URL: its response follows another that is no redirect")
		}
		d.sent.covered(&c)
		d.add(header.at, &c, changes...)
	}
}
