package lint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"

	"coatcheck.dev/internal/weburl"
	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// MaxInput is the number of bytes that [ReadLines] accepts.
const MaxInput = 64 << 20

// ReadLines reads responses from text. A line with an absolute URL begins a response, and the lines below it are its
// Set-Cookie headers, with or without the header's name. An embedded URL is written with its page:
//
//	https://widget.example/ in https://shop.example/
//
// Empty lines and those with a leading # are skipped. So is every header but Set-Cookie, Date, Location and
// Clear-Site-Data, which say more about the cookies. A status line begins a response as well: what "curl -D -" or
// "curl -i" writes is read whole, redirects and all, and what stands between an empty line and the next status line or
// URL is a body. So is what "curl -v", "wget -S" and HTTPie print ([format.Headers]). u is the URL for lines before the
// first URL; it may be nil if there are none.
func ReadLines(r io.Reader, u *url.URL) ([]Response, error) {
	text, err := readAll(r)
	if err != nil {
		return nil, err
	}
	switch {
	case printed(text):
		return readPrinted(text, u)
	case isDocument(text):
		return nil, errors.New("it is a page or JSON, where Set-Cookie lines should be; curl -D - writes those")
	}
	d := dump{next: u}
	if u != nil {
		d.begin()
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if err := d.take(strings.TrimRight(line, "\r"), lines[i+1:]); err != nil {
			return nil, fmt.Errorf("read Set-Cookie lines: line %d: %w", i+1, err)
		}
	}
	return d.list, nil
}

// printed reports whether a program has printed headers with its own words or marks around them.
func printed(text []byte) bool {
	f, ok := format.Detect(text[:min(len(text), 64<<10)])
	first, _, _ := strings.Cut(strings.TrimLeft(string(text[:min(len(text), 1<<10)]), "\r\n"), "\n")
	name, _ := cutHeader(strings.TrimRight(first, "\r"))
	return ok && f.String() == format.Headers.String() && !strings.HasPrefix(first, "HTTP/") && name != "Set-Cookie"
}

func readPrinted(text []byte, u *url.URL) (list []Response, err error) {
	err = format.ReadHeaders(bytes.NewReader(text), u, func(x format.Exchange) {
		list = append(list, Response{URL: x.Request.URL, SetCookie: x.SetCookie, Redirects: x.Request.Redirects,
			Date: x.Request.Date, ClearSiteData: x.ClearSiteData})
	}, func(format.Loss) {})
	return list, err
}

// isDocument tells what comes without -D - or the like from Set-Cookie lines.
func isDocument(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && bytes.IndexByte([]byte("<{["), text[0]) >= 0
}

// A dump is what ReadLines has read so far.
type dump struct {
	list []Response
	next *url.URL   // of the response that a status line begins; nil is unknown
	hops []*url.URL // redirects before it

	header, body bool // below a status line, or below the empty line that ends such a header
	redirects    bool // the status is that of a redirect
}

func (d *dump) begin() *Response {
	d.list = append(d.list, Response{URL: d.next, Redirects: d.hops})
	return &d.list[len(d.list)-1]
}

func (d *dump) take(line string, below []string) error {
	status, isStatus := statusOf(line)
	switch {
	case isStatus:
		return d.takeStatus(status)
	case line == "":
		d.header, d.body = false, d.body || d.header
	case d.body && !urlOfDump(line, below) || line[0] == '#':
	case strings.HasPrefix(line, "https://") || strings.HasPrefix(line, "http://"):
		response, err := parsePlace(line)
		if err != nil {
			return err
		}
		*d = dump{list: append(d.list, response), next: response.URL}
	default:
		return d.takeHeader(line)
	}
	return nil
}

func (d *dump) takeStatus(status int) error {
	if d.next == nil {
		return errors.New("the URL of the response is not known")
	}
	if n := len(d.list); n == 0 || d.header || d.body || len(d.list[n-1].SetCookie) > 0 {
		d.begin()
	}
	d.header, d.body, d.redirects = true, false, 300 <= status && status <= 399
	return nil
}

func (d *dump) takeHeader(line string) error {
	if len(d.list) == 0 {
		return errors.New("the URL of the cookie is not known")
	}
	last := &d.list[len(d.list)-1]
	name, value := cutHeader(line)
	if name == "" && d.header {
		return nil // no header, so it is no cookie either
	}
	switch name {
	case "", "Set-Cookie":
		last.SetCookie = append(last.SetCookie, value)
	case "Date":
		last.Date, _ = http.ParseTime(value)
	case "Clear-Site-Data":
		last.ClearSiteData = append(last.ClearSiteData, value)
	case "Location":
		if target, err := last.URL.Parse(value); err == nil && d.redirects {
			d.next, d.hops = target, append(d.hops[:len(d.hops):len(d.hops)], last.URL)
		}
	}
	return nil
}

// cutHeader splits a header line. The name is empty if there is none, and the line then is the value. Names of cookies
// have no space behind a colon, except in the oddest cases.
func cutHeader(line string) (name, value string) {
	name, value, ok := strings.Cut(line, ":")
	isHeader := ok && (value == "" || value[0] == ' ' || value[0] == '\t')
	if !ok || !isHeader && !strings.EqualFold(name, "Set-Cookie") || strings.ContainsFunc(name, notOfHeaderName) {
		return "", line
	}
	return textproto.CanonicalMIMEHeaderKey(name), strings.TrimPrefix(value, " ")
}

func notOfHeaderName(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
}

// statusOf reads a status line, such as "HTTP/1.1 200 OK".
func statusOf(line string) (status int, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "HTTP/") {
		return 0, false
	}
	status, err := strconv.Atoi(fields[1])
	return status, err == nil
}

// urlOfDump tells a URL behind a body from one in it: there is a status line below the former.
func urlOfDump(line string, below []string) bool {
	if !strings.HasPrefix(line, "http") || len(below) == 0 {
		return false
	}
	_, ok := statusOf(below[0])
	return ok
}

// parsePlace reads the origin of lines.
func parsePlace(line string) (Response, error) {
	text, page, embedded := strings.Cut(line, " in ")
	u, err := parseURL(text)
	if err != nil || !embedded {
		return Response{URL: u}, err
	}
	top, err := parseURL(page)
	return Response{URL: u, Context: &jar.Request{TopLevel: top, Initiator: top}}, err
}

func parseURL(text string) (*url.URL, error) {
	u, err := weburl.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%.80q is no http or https URL", text)
	}
	return u, nil
}

func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxInput+1))
	if err != nil {
		return nil, fmt.Errorf("read input: %w", err)
	}
	if len(text) > MaxInput {
		return nil, fmt.Errorf("read input: there are more than %d bytes", MaxInput)
	}
	return text, nil
}

// ReadHAR reads the responses of an HTTP archive, with their times and context ([format.ReadArchive]). It reads it as a
// stream, of any size. Entries that cannot be read are left out and returned as losses. Browsers leave Set-Cookie
// headers out unless they are asked to export sensitive data.
func ReadHAR(r io.Reader) (list []Response, left []format.Loss, err error) {
	err = format.ReadArchive(r, func(x format.Exchange) {
		list = append(list, Response{URL: x.Request.URL, SetCookie: x.SetCookie, Redirects: x.Request.Redirects,
			Context: &x.Request, At: x.At, Date: x.Request.Date,
			ClearSiteData: x.ClearSiteData})
	}, func(l format.Loss) { left = append(left, l) })
	if err != nil {
		return nil, left, err
	}
	return list, left, nil
}
