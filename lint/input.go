package lint

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"coatcheck.dev/jar"
	"coatcheck.dev/jar/format"
)

// MaxInput is how many bytes [ReadLines] and [ReadHAR] read; more is an error.
const MaxInput = format.MaxImport

// ReadLines reads responses from text: a line with an absolute URL begins a response, and the lines below it are its
// Set-Cookie headers, with or without the header's name. A URL that a page embeds is written with that page:
//
//	https://widget.example/ in https://shop.example/
//
// Empty lines and those that begin with # are passed over. u is the URL of lines that come before the first one; it may be
// nil if there are none.
func ReadLines(r io.Reader, u *url.URL) ([]Response, error) {
	text, err := readAll(r)
	if err != nil {
		return nil, err
	}
	var list []Response
	if u != nil {
		list = append(list, Response{URL: u})
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, "https://") || strings.HasPrefix(line, "http://"):
			response, err := parsePlace(line)
			if err != nil {
				return nil, fmt.Errorf("read Set-Cookie lines: line %d: %w", n, err)
			}
			list = append(list, response)
		case len(list) == 0:
			return nil, fmt.Errorf("read Set-Cookie lines: line %d: it is not known which URL the cookie came from", n)
		default:
			last := &list[len(list)-1]
			last.SetCookie = append(last.SetCookie, headerValue(line))
		}
	}
	return list, nil
}

// parsePlace reads where lines come from.
func parsePlace(line string) (Response, error) {
	text, page, embedded := strings.Cut(line, " in ")
	u, err := parseURL(text)
	if err != nil || !embedded {
		return Response{URL: u}, err
	}
	top, err := parseURL(page)
	return Response{URL: u, Context: &jar.Request{TopLevel: top, Initiator: top}}, err
}

func headerValue(line string) string {
	const name = "set-cookie:"
	if len(line) >= len(name) && strings.EqualFold(line[:len(name)], name) {
		return strings.TrimPrefix(line[len(name):], " ")
	}
	return line
}

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
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

// ReadHAR reads the responses of an HTTP archive, at the times and in the context that it names ([format.ReadArchive]). The
// Set-Cookie headers have to be in it, which browsers leave out unless they are asked to export sensitive data.
func ReadHAR(r io.Reader) ([]Response, error) {
	exchanges, err := format.ReadArchive(r)
	if err != nil {
		return nil, err
	}
	list := make([]Response, len(exchanges))
	for i, x := range exchanges {
		list[i] = Response{URL: x.Request.URL, SetCookie: x.SetCookie, Redirects: x.Request.Redirects, Context: &x.Request, At: x.At}
	}
	return list, nil
}
